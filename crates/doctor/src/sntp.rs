//! How far this clock is from that of a time server: one question and one answer of SNTP.
//!
//! SPEC: <https://www.rfc-editor.org/rfc/rfc4330>: 48 bytes each way over UDP; the offset is the mean of how much later the question
//! arrived there than it left here, and how much later the answer left there than it arrived here. Not here: setting any clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::UdpSocket;

/// Asks a time server; by how many seconds its clock is ahead of ours.
pub(crate) async fn offset(server: &str) -> Result<f64, String> {
    tokio::time::timeout(TIME, ask(server))
        .await
        .unwrap_or_else(|_| Err(format!("no answer from {server} within {} s", TIME.as_secs())))
}

async fn ask(server: &str) -> Result<f64, String> {
    let told = |error: std::io::Error| format!("{server}: {error}");
    // A port may be named, as tests do.
    let place = match server.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => server.to_owned(),
        _ => format!("{server}:{PORT}"),
    };
    let mut found = tokio::net::lookup_host(place).await.map_err(told)?;
    let address = found.next().ok_or_else(|| format!("{server} has no address"))?;
    let here = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(here).await.map_err(told)?;
    socket.connect(address).await.map_err(told)?;
    let left = now();
    socket.send(&question(left)).await.map_err(told)?;
    let mut answer = [0; PACKET_BYTES];
    let length = socket.recv(&mut answer).await.map_err(told)?;
    let arrived = now();
    if length < PACKET_BYTES {
        return Err(format!("{server} answered too little"));
    }
    read(&answer, left, arrived).ok_or_else(|| format!("{server} did not answer this question"))
}

/// Version 4, mode 3 (client), and when it left: the server repeats that, which shows that it answers this question.
fn question(left: u64) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&left.to_be_bytes());
    packet
}

fn read(answer: &[u8; PACKET_BYTES], left: u64, arrived: u64) -> Option<f64> {
    let stamp = |at: usize| {
        let bytes = answer.get(at..at + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    let (repeated, received, sent) = (stamp(24)?, stamp(32)?, stamp(40)?);
    let mode = answer[0] & 0b111;
    let is_synchronized = answer[0] >> 6 != 3 && answer[1] != 0;
    if repeated != left || mode != 4 || !is_synchronized || sent == 0 {
        return None;
    }
    Some((seconds_between(left, received) + seconds_between(arrived, sent)) / 2.0)
}

/// Stamps count 2^-32 seconds and wrap round in 2036; a difference is right as long as it is less than 68 years.
fn seconds_between(from: u64, to: u64) -> f64 {
    to.wrapping_sub(from) as i64 as f64 / 4_294_967_296.0
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(SECONDS_1900_TO_1970);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

const PACKET_BYTES: usize = 48;
const PORT: u16 = 123;
const SECONDS_1900_TO_1970: u64 = 2_208_988_800;
/// How long an answer may take.
const TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// A time server that is `ahead` seconds ahead, once.
    async fn serve(ahead: u64, repeats: bool) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut packet = [0; PACKET_BYTES];
            let (_, from) = socket.recv_from(&mut packet).await.expect("a question");
            let mut answer = [0; PACKET_BYTES];
            (answer[0], answer[1]) = (0b00_100_100, 1);
            if repeats {
                answer[24..32].copy_from_slice(&packet[40..48]);
            }
            let stamp = now().wrapping_add(ahead << 32).to_be_bytes();
            answer[32..40].copy_from_slice(&stamp);
            answer[40..48].copy_from_slice(&stamp);
            socket.send_to(&answer, from).await.expect("sent");
        });
        address.to_string()
    }

    #[tokio::test]
    async fn the_offset_is_how_far_the_other_clock_is_ahead() {
        let far = offset(&serve(3600, true).await).await.expect("an offset");
        assert!((far - 3600.0).abs() < 60.0, "{far}");
        let behind = offset(&serve(0_u64.wrapping_sub(7200), true).await)
            .await
            .expect("an offset");
        assert!((behind + 7200.0).abs() < 60.0, "{behind}");
    }

    #[tokio::test]
    async fn an_answer_to_another_question_counts_for_nothing() {
        let why = offset(&serve(0, false).await).await.expect_err("not ours");
        assert!(why.contains("did not answer this question"), "{why}");
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = silent.local_addr().expect("an address").to_string();
        let why = offset(&address).await.expect_err("silence");
        assert!(why.contains("within 1 s"), "{why}");
    }
}
