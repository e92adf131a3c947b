//! Takes the framing off an `aws-chunked` body, and holds its signatures and lengths against what was announced.
//!
//! Data is handed out without a copy, before the signature of its chunk is checked (a chunk may be larger than
//! memory); the last piece of a chunk only after it. An error makes the whole body invalid, so nobody may make use of
//! the data before [`ChunkDecoder::finish`] has said yes.
//!
//! Keeps true: what it holds is bounded by [`CHUNK_LINE_BYTES_MAX`] and [`TRAILER_BYTES_MAX`], whatever arrives; the
//! result does not depend on how the input is cut into pieces; after an error it says the same error for ever.

use std::fmt;

use bytes::{Buf, Bytes};
use sha2::{Digest, Sha256};

use crate::chunk_error::ChunkError;
use crate::chunk_line::{ChunkHeader, parse_trailer};
use crate::chunk_signer::{ChunkSeed, ChunkSigner, TRAILER_SIGNATURE};
use crate::payload::Streaming;

/// Bytes of framing in, bytes of data out.
pub struct ChunkDecoder {
    mode: Streaming,
    /// The chain so far. `None` for unsigned chunks; with a signed mode that refuses every chunk.
    signer: Option<ChunkSigner>,
    /// Names from `x-amz-trailer`, lower case.
    announced: Vec<String>,
    /// `x-amz-decoded-content-length`.
    declared: Option<u64>,
    state: State,
    /// The line that is being collected: a chunk header or a trailer.
    line: Vec<u8>,
    /// Number of the chunk that is being read, from 1.
    chunk: u64,
    /// Size of that chunk, and of the one before once the next header is read.
    chunk_size: u64,
    /// Its signature as sent.
    signature: String,
    /// The signature of the last chunk that had data, or of the request.
    data_signature: String,
    /// Its data so far.
    hasher: Sha256,
    /// Bytes of data in all chunks announced so far.
    counted: u64,
    trailers: Vec<(String, String)>,
    /// Bytes of trailer lines so far.
    trailer_bytes: usize,
    /// Whether the blank line between trailers and their signature was seen.
    blank_seen: bool,
}

/// The trailers of a body, names lower case, in order of arrival; the signature is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers(Vec<(String, String)>);

#[derive(Debug)]
enum State {
    /// Within the line before a chunk's data.
    Header,
    /// Within the data.
    Data {
        remaining: u64,
    },
    /// In the line break after the data; or after the last chunk, where no trailer follows.
    LineBreak {
        last: bool,
    },
    /// Within the trailers.
    Trailer,
    /// In the blank line after the trailers' signature.
    SignedEnd,
    /// Behind the end. One more line break is let pass: some clients end the trailers twice.
    Done {
        spare: bool,
    },
    Failed(ChunkError),
}

impl ChunkDecoder {
    /// A decoder for one body. `seed` comes from the verified request, for the signed modes; without it a signed body
    /// is refused. `declared_trailers` are the names in `x-amz-trailer`, `decoded_length` the number in
    /// `x-amz-decoded-content-length`.
    pub fn new(
        mode: Streaming,
        seed: Option<ChunkSeed>,
        declared_trailers: &[String],
        decoded_length: Option<u64>,
    ) -> ChunkDecoder {
        let announced = declared_trailers
            .iter()
            .map(|name| name.trim().to_ascii_lowercase());
        ChunkDecoder {
            mode,
            data_signature: seed
                .as_ref()
                .map_or_else(String::new, |seed| seed.signature.clone()),
            signer: seed.map(ChunkSigner::new),
            announced: announced.filter(|name| !name.is_empty()).collect(),
            declared: decoded_length,
            state: State::Header,
            line: Vec::new(),
            chunk: 1,
            chunk_size: 0,
            signature: String::new(),
            hasher: Sha256::new(),
            counted: 0,
            trailers: Vec::new(),
            trailer_bytes: 0,
            blank_seen: false,
        }
    }

    /// Takes from `input` and gives the next data: a slice of `input`, never empty. `None` when `input` is used up.
    /// To be called until then.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ChunkError> {
        if let State::Failed(error) = &self.state {
            return Err(error.clone());
        }
        let decoded = self.advance(input);
        if let Err(error) = &decoded {
            self.state = State::Failed(error.clone());
        }
        decoded
    }

    /// Whether the body is complete and right. Input may still follow only by mistake.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }

    /// Ends the body: its trailers if everything was there and right.
    pub fn finish(self) -> Result<Trailers, ChunkError> {
        match self.state {
            State::Done { .. } if self.line.is_empty() => Ok(Trailers(self.trailers)),
            State::Done { .. } => Err(ChunkError::ContinuesAfterEnd),
            State::Failed(error) => Err(error),
            State::Trailer if self.blank_seen && self.line.is_empty() => {
                Err(ChunkError::TrailerSignatureMissing)
            }
            State::Data { remaining } => Err(ChunkError::Truncated {
                decoded: self.counted - remaining,
            }),
            _ => Err(ChunkError::Truncated {
                decoded: self.counted,
            }),
        }
    }

    /// Bytes held between calls, for whoever accounts memory.
    pub fn held_bytes(&self) -> usize {
        let trailers: usize = self
            .trailers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.line.len() + self.signature.len() + self.data_signature.len() + trailers
    }

    fn advance(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ChunkError> {
        while !input.is_empty() {
            match self.state {
                State::Header => {
                    if let Some(line) = self.take_line(input, CHUNK_LINE_BYTES_MAX)? {
                        self.start_chunk(&line)?;
                    }
                }
                State::Data { remaining } => return self.take_data(input, remaining).map(Some),
                State::LineBreak { last } => {
                    if let Some(line) = self.take_line(input, 2)? {
                        if line != b"\r" {
                            return Err(self.malformed("no line break after the data"));
                        }
                        self.state = if last {
                            State::Done { spare: false }
                        } else {
                            State::Header
                        };
                    }
                }
                State::Trailer => {
                    if let Some(line) = self.take_trailer_line(input)? {
                        self.read_trailer(&line)?;
                    }
                }
                State::SignedEnd => {
                    if let Some(line) = self.take_trailer_line(input)? {
                        if !line.is_empty() {
                            return Err(ChunkError::TrailerMalformed {
                                reason: "a line follows the signature",
                            });
                        }
                        self.state = State::Done { spare: true };
                    }
                }
                State::Done { spare } => {
                    self.skip_spare_line_break(input, spare)?;
                }
                State::Failed(ref error) => return Err(error.clone()),
            }
        }
        Ok(None)
    }

    fn start_chunk(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        // Chunk headers end in CRLF from every client; a bare LF is a sign of rewriting on the way.
        let line = line
            .strip_suffix(b"\r")
            .ok_or_else(|| self.malformed("no line break after the chunk header"))?;
        let ChunkHeader { size, signature } =
            ChunkHeader::parse(line, self.mode).map_err(|reason| self.malformed(reason))?;
        if size > 0 && self.chunk > 1 && self.chunk_size < CHUNK_BYTES_MIN {
            return Err(ChunkError::TooSmall {
                chunk: self.chunk,
                size: self.chunk_size,
            });
        }
        let counted = self
            .counted
            .checked_add(size)
            .ok_or_else(|| self.malformed("the body is too long"))?;
        if let Some(declared) = self.declared
            && (counted > declared || (size == 0 && counted < declared))
        {
            return Err(ChunkError::LengthDiffers { declared, counted });
        }
        self.counted = counted;
        self.chunk_size = size;
        self.signature = signature;
        if size > 0 {
            self.state = State::Data { remaining: size };
            return Ok(());
        }
        self.check_chunk()?;
        self.state = if self.mode.has_trailer() {
            State::Trailer
        } else {
            State::LineBreak { last: true }
        };
        Ok(())
    }

    fn take_data(&mut self, input: &mut Bytes, remaining: u64) -> Result<Bytes, ChunkError> {
        let length = usize::try_from(remaining).map_or(input.len(), |remaining| remaining.min(input.len()));
        let data = input.split_to(length);
        if self.mode.is_signed() {
            self.hasher.update(&data);
        }
        let remaining = remaining - length as u64;
        if remaining > 0 {
            self.state = State::Data { remaining };
        } else {
            self.check_chunk()?;
            self.chunk += 1;
            self.state = State::LineBreak { last: false };
        }
        Ok(data)
    }

    fn check_chunk(&mut self) -> Result<(), ChunkError> {
        if !self.mode.is_signed() {
            return Ok(());
        }
        let hasher = std::mem::take(&mut self.hasher);
        let hash = hasher.clone().finalize().into();
        let accepted = match &mut self.signer {
            Some(signer) => signer.accept_chunk(&hash, &self.signature),
            None => Err(Vec::new()),
        };
        if let Err(string_to_sign) = accepted {
            return Err(ChunkError::SignatureMismatch {
                chunk: self.chunk,
                offset: self.counted - self.chunk_size,
                provided: std::mem::take(&mut self.signature),
                string_to_sign,
                hash_with_line_break: hasher.chain_update(b"\r\n").finalize().into(),
            });
        }
        if self.chunk_size > 0 {
            self.data_signature.clone_from(&self.signature);
        }
        Ok(())
    }

    /// `line` without its line break; an empty one ends the trailers.
    fn read_trailer(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let signed = self.mode == Streaming::SignedTrailer;
        if line.is_empty() {
            if !signed {
                self.check_announced()?;
                self.state = State::Done { spare: true };
            } else if std::mem::replace(&mut self.blank_seen, true) {
                return Err(ChunkError::TrailerSignatureMissing);
            }
            return Ok(());
        }
        let (name, value) = parse_trailer(line).map_err(|reason| ChunkError::TrailerMalformed { reason })?;
        if signed && name == TRAILER_SIGNATURE {
            self.check_announced()?;
            self.state = State::SignedEnd;
            return self.check_trailer(value);
        }
        if self.blank_seen {
            // minio-go sets the signature off by a blank line; nothing else may stand behind one.
            return Err(ChunkError::TrailerSignatureMissing);
        }
        if !self.announced.contains(&name) {
            return Err(ChunkError::TrailerUnannounced { name });
        }
        if self.trailers.iter().any(|(known, _)| *known == name) {
            return Err(ChunkError::TrailerMalformed {
                reason: "a name stands twice",
            });
        }
        self.trailers.push((name, value));
        Ok(())
    }

    fn check_trailer(&self, provided: String) -> Result<(), ChunkError> {
        let accepted = match &self.signer {
            Some(signer) => signer.accept_trailer(&self.trailers, &provided),
            None => Err(Vec::new()),
        };
        accepted.map_err(|string_to_sign| ChunkError::TrailerSignatureMismatch {
            provided,
            string_to_sign,
            trailers: self.trailers.clone(),
            data_signature: self.data_signature.clone(),
        })
    }

    fn check_announced(&self) -> Result<(), ChunkError> {
        let arrived = |name: &String| self.trailers.iter().any(|(known, _)| known == name);
        match self.announced.iter().find(|name| !arrived(name)) {
            Some(name) => Err(ChunkError::TrailerMissing { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// Clients end trailer lines in CRLF or in LF alone.
    fn take_trailer_line(&mut self, input: &mut Bytes) -> Result<Option<Vec<u8>>, ChunkError> {
        let too_long = ChunkError::TrailerMalformed {
            reason: "it is too long",
        };
        let allowed = TRAILER_BYTES_MAX.saturating_sub(self.trailer_bytes);
        let Some(mut line) = self.take_line(input, allowed).map_err(|_| too_long)? else {
            return Ok(None);
        };
        self.trailer_bytes += line.len() + 1;
        if line.ends_with(b"\r") {
            line.pop();
        }
        Ok(Some(line))
    }

    /// The next line without its LF, once it is complete. `bytes_max` counts the LF.
    fn take_line(&mut self, input: &mut Bytes, bytes_max: usize) -> Result<Option<Vec<u8>>, ChunkError> {
        let allowed = bytes_max.saturating_sub(self.line.len());
        let window = input.get(..allowed.min(input.len())).unwrap_or_default();
        match window.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                self.line.extend_from_slice(&input.split_to(at));
                input.advance(1);
                Ok(Some(std::mem::take(&mut self.line)))
            }
            None if window.len() == allowed => Err(self.malformed("a line is too long")),
            None => {
                self.line.extend_from_slice(input);
                input.clear();
                Ok(None)
            }
        }
    }

    fn skip_spare_line_break(&mut self, input: &mut Bytes, spare: bool) -> Result<(), ChunkError> {
        if !spare {
            return Err(ChunkError::ContinuesAfterEnd);
        }
        let line = self
            .take_line(input, 2)
            .map_err(|_| ChunkError::ContinuesAfterEnd)?;
        match line.as_deref() {
            Some(b"\r" | b"") => self.state = State::Done { spare: false },
            None if self.line == b"\r" => {}
            _ => return Err(ChunkError::ContinuesAfterEnd),
        }
        Ok(())
    }

    fn malformed(&self, reason: &'static str) -> ChunkError {
        ChunkError::Malformed {
            chunk: self.chunk,
            offset: self.counted,
            reason,
        }
    }
}

/// Where it stands, without signatures.
impl fmt::Debug for ChunkDecoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChunkDecoder")
            .field("mode", &self.mode)
            .field("state", &self.state)
            .field("chunk", &self.chunk)
            .field("counted", &self.counted)
            .finish_non_exhaustive()
    }
}

impl Trailers {
    /// The value of a trailer, by name in any case.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// All names and values in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Every chunk of data but the last has at least so many bytes, signed or not, as S3 demands.
pub const CHUNK_BYTES_MIN: u64 = 8_192;

/// The longest line before a chunk's data, line break included.
pub const CHUNK_LINE_BYTES_MAX: usize = 1_024;

/// All trailer lines of a body together, line breaks included.
pub const TRAILER_BYTES_MAX: usize = 16_384;

#[cfg(test)]
mod tests;
