"""What operators and monitors look at: health, readiness, metrics, the API document."""
