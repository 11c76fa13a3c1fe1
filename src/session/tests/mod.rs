//! The session, told as tables and stories.
