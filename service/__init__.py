"""What runs: configuration, command line, jobs, scheduler, delivery and web pages."""
