"""What the people of a desk set beside its file: who covers for whom, what they are told, the pages they open."""
