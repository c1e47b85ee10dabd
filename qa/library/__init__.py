"""Library: its files, receipts of answers, signatures, and readers' feedback."""
