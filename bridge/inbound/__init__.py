"""What vendors tell us: webhooks, presses, and what is read back to find what webhooks lost."""
