"""The third seat: pages for somebody who was asked into a call, without an account."""
