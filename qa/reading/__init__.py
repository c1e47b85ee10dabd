"""Reading: from passages to the spans or sentences that answer, each with a confidence."""
