"""One worker process: the loop that pays deliveries, the ticker that looks at clocks, the housekeeping."""
