"""FHIR R4 shapes: pure functions from opened rows to resources. Statuses are ours already, for ours are FHIR's."""
