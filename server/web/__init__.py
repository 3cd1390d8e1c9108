"""HTTP manners: routes with a policy, errors in words, sessions by door, CSRF, limits and the wire."""
