"""Job alerts: searches that candidates have saved, matched once a day over what was opened since, and mailed as one digest a person."""
