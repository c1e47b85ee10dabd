"""Library: its files, receipts of answers, signatures, and users' feedback."""
