"""Load: many clients at once, thousands of questions, and questions that nobody waits for."""
