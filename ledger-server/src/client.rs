//! Who a request is from: the peer, or whom a trusted proxy names.
//!
//! A client can write any header. So what `X-Forwarded-For` or `Forwarded` (RFC 7239) says counts only if
//! the peer is a proxy that the operator trusts, only in the one header that this proxy is known to
//! write, and only back to the first address that is no trusted proxy. Knows nothing of limits.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use forwarded_header_value::{ForwardedHeaderValue, ForwardedStanza, Protocol};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The header in which trusted proxies say whom they speak for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

/// Which proxies are believed, and in which header. (受信代理)
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their networks; by default none, and no header is read.
    pub trusted: Vec<IpNet>,
    /// The header that they write. Every other header of the kind is the client's own.
    pub header: ProxyHeader,
}

/// In the extensions of every request that came by TLS of our own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls;

/// Who sent a request, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// Whether it came by HTTPS: to this server or, as that says, to the outermost trusted proxy.
    pub(crate) is_secure: bool,
}

impl Proxies {
    /// Whether this peer is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Who sent the request that this peer passed on, or sent itself.
    pub(crate) fn client(&self, peer: IpAddr, over_tls: bool, headers: &HeaderMap) -> Client {
        let mut client = Client {
            address: peer.to_canonical(),
            is_secure: over_tls,
        };
        if !self.trusts(peer) {
            return client;
        }
        // The nearest comes last.
        for hop in self.hops(headers).into_iter().rev() {
            client.is_secure = hop.is_secure;
            let Some(address) = hop.address else {
                return client;
            };
            client.address = address.to_canonical();
            if !self.trusts(address) {
                return client;
            }
        }
        client
    }

    fn hops(&self, headers: &HeaderMap) -> Vec<Hop> {
        match self.header {
            ProxyHeader::XForwardedFor => {
                // The nearest proxy's word on the scheme holds for all: the header has no other order.
                let last = listed(headers, &X_FORWARDED_PROTO).pop();
                let is_secure = last.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
                let hop = |text: String| Hop {
                    address: address_in(&text),
                    is_secure,
                };
                let all = listed(headers, &X_FORWARDED_FOR).into_iter();
                all.map(hop).collect()
            }
            ProxyHeader::Forwarded => {
                let all = listed(headers, &axum::http::header::FORWARDED).join(", ");
                let parsed = ForwardedHeaderValue::from_forwarded(&all);
                parsed.map_or_else(|_| Vec::new(), |all| all.iter().map(Hop::of).collect())
            }
        }
    }
}

/// One element of what proxies say.
struct Hop {
    /// `None` if it is hidden, or no address.
    address: Option<IpAddr>,
    is_secure: bool,
}

impl Hop {
    fn of(stanza: &ForwardedStanza) -> Self {
        Self {
            address: stanza.forwarded_for_ip(),
            is_secure: matches!(stanza.forwarded_proto, Some(Protocol::Https)),
        }
    }
}

/// The elements of a header that may be given several times.
fn listed(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(|text| text.trim().to_owned())
        .collect()
}

/// An address, with or without a port.
fn address_in(text: &str) -> Option<IpAddr> {
    let socket = || text.parse().ok().map(|socket: SocketAddr| socket.ip());
    text.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ProxyHeader, peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let trusted = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
        let proxies = Proxies {
            trusted: trusted.to_vec(),
            header,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let found = proxies.client(peer.parse().unwrap(), false, &map);
        (found.address.to_string(), found.is_secure)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_saw_itself() {
        let x = ProxyHeader::XForwardedFor;
        let of = |peer, headers: &[(&'static str, &str)]| client(x, peer, headers).0;
        let forged = [("x-forwarded-for", "192.0.2.9")];
        assert_eq!(of("198.51.100.1", &forged), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &forged), "192.0.2.9");
        assert_eq!(of("::ffff:10.0.0.1", &forged), "192.0.2.9");
        // What the client wrote stands to the left of what the proxies wrote.
        let chain = [("x-forwarded-for", "192.0.2.1, 192.0.2.9:4711, 10.1.1.1")];
        assert_eq!(of("10.0.0.1", &chain), "192.0.2.9");
        let twice = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "192.0.2.9"),
        ];
        assert_eq!(of("10.0.0.1", &twice), "192.0.2.9");
        for nothing in ["", "unknown", "10.9.9.9, x"] {
            assert_eq!(of("10.0.0.1", &[("x-forwarded-for", nothing)]), "10.0.0.1");
        }
        // The other header is the client's own.
        assert_eq!(
            of("10.0.0.1", &[("forwarded", "for=192.0.2.9")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let of = |peer, text: &str| client(ProxyHeader::Forwarded, peer, &[("forwarded", text)]);
        let chain =
            "for=192.0.2.1, for=\"[2001:db8::17]:4711\";proto=https, for=10.1.1.1;proto=http";
        assert_eq!(of("::1", chain), ("2001:db8::17".to_owned(), true));
        assert_eq!(of("192.0.2.7", chain), ("192.0.2.7".to_owned(), false));
        let hidden = of("10.0.0.1", "for=192.0.2.1, for=_hidden;proto=https");
        assert_eq!(hidden, ("10.0.0.1".to_owned(), true));
    }

    #[test]
    fn the_scheme_is_the_proxys_word() {
        let headers = [
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
        ];
        assert!(client(ProxyHeader::XForwardedFor, "10.0.0.1", &headers).1);
        assert!(!client(ProxyHeader::XForwardedFor, "192.0.2.1", &headers).1);
    }
}
