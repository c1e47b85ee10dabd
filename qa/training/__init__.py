"""Training of the models that come with the project; nothing else imports it."""
