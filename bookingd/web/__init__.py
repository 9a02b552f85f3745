"""Pages for people, made of nothing but files beside this one; `api` is what they talk to."""
