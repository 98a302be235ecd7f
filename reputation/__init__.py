"""What it means: indicators with intervals, scores, scorecards, alert rules, reports."""
