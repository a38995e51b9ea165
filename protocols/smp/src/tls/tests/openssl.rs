//! OpenSSL on the other side.
