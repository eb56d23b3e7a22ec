//! The requests of HTTP/1.x that wait for their answers (RFC 9112 9.3.2).

/// Requests remembered until they are answered.
pub const MAX_PIPELINED: u8 = 64;

/// What of a method decides how its answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Other,
    Head,
    Connect,
}

impl Method {
    pub(super) fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// Requests without an answer, the oldest in the lowest two bits.
#[derive(Default)]
pub(super) struct Asked {
    methods: u128,
    count: u8,
}

impl Asked {
    /// Remembers a request; where there are too many the oldest is forgotten.
    pub(super) fn push(&mut self, method: Method) {
        if self.count == MAX_PIPELINED {
            self.pop();
        }
        self.methods |= (method as u128) << (2 * self.count);
        self.count += 1;
    }

    /// The method of the oldest request, which is answered now.
    pub(super) fn pop(&mut self) -> Method {
        let oldest = match self.methods & 3 {
            1 => Method::Head,
            2 => Method::Connect,
            _ => Method::Other,
        };
        self.methods >>= 2;
        self.count = self.count.saturating_sub(1);
        oldest
    }
}
