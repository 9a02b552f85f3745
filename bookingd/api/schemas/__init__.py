"""What requests may say and what answers look like, for validation and for the document."""
