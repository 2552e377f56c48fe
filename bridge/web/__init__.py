"""What the bridge serves over HTTP besides the intake: health, measures, and pages for leads and admins."""
