"""The page that shows the customer's chat, the Slack channels and the helpdesk side by side."""
