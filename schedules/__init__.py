"""What runs on its own: actors, jobs, the outbox, reminders, channels, templates."""
