"""Input and output of audits: requests to servers, their responses, the journal, saved draws."""
