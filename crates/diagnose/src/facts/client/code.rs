//! What code of one's own calls to sign as AWS does, in the language of the program that signs.
//!
//! An SDK does these steps by itself, so whoever gets them wrong wrote them; that was most likely in the language in which the
//! client that shows is used. One table a concern, total over the languages. Not here: settings of a client (`settings`).

use super::Client;

/// In which language a client is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
    Go,
    /// Java and Kotlin.
    Jvm,
    /// C# and its kin.
    DotNet,
    Php,
    Ruby,
    Rust,
    Cpp,
    /// A script around curl.
    Shell,
    /// Scripts in front of a request of Postman, with the libraries that it brings.
    Postman,
    /// None, of a tool that does all of it by itself.
    Tool,
    /// Nobody known.
    Unknown,
}

impl Client {
    pub(crate) fn language(self) -> Language {
        match self {
            Client::JsV3
            | Client::JsV3Page
            | Client::JsV2
            | Client::JsV2Page
            | Client::MinioJs
            | Client::Browser
            | Client::Axios
            | Client::Fetch => Language::JavaScript,
            Client::Boto3 | Client::MinioPy | Client::Requests => Language::Python,
            Client::GoV1 | Client::GoV2 | Client::MinioGo => Language::Go,
            Client::JavaV1 | Client::JavaV2 | Client::Kotlin | Client::MinioJava | Client::OkHttp => {
                Language::Jvm
            }
            Client::DotNet => Language::DotNet,
            Client::Php => Language::Php,
            Client::Ruby => Language::Ruby,
            Client::Rust => Language::Rust,
            Client::Cpp => Language::Cpp,
            Client::Curl => Language::Shell,
            Client::Postman => Language::Postman,
            Client::AwsCliV1
            | Client::AwsCliV2
            | Client::Mc
            | Client::Rclone
            | Client::S3cmd
            | Client::S5cmd => Language::Tool,
            Client::Unknown => Language::Unknown,
        }
    }

    /// HMAC that gives bytes.
    pub(crate) fn hmac_bytes_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript => "digest() of createHmac, without 'hex'",
            Language::Python => "digest() of hmac.new, not hexdigest()",
            Language::Go => "Sum(nil) of hmac.New, not hex.EncodeToString of it",
            Language::Jvm => "the bytes of Mac.doFinal, not their hex text",
            Language::DotNet => "the bytes of HMACSHA256.HashData, not Convert.ToHexString of them",
            Language::Php => "hash_hmac with true as its last argument",
            Language::Ruby => "OpenSSL::HMAC.digest, not hexdigest",
            Language::Rust => "into_bytes() of what finalize() gives, not hex::encode of it",
            Language::Cpp => "the bytes that HMAC() of OpenSSL writes, not their hex text",
            Language::Shell => {
                "openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY, with the hex of the step before"
            }
            Language::Postman => "what CryptoJS.HmacSHA256 gives, without toString()",
            Language::Tool | Language::Unknown => {
                "PHP: hash_hmac with true as its last argument; Python: digest(), not hexdigest()"
            }
        }
    }

    /// HMAC with the key and the message in their places.
    pub(crate) fn hmac_arguments_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript => "createHmac('sha256', key).update(message)",
            Language::Python => "hmac.new(key, message, hashlib.sha256)",
            Language::Go => "hmac.New(sha256.New, key), then Write(message)",
            Language::Jvm => "init(new SecretKeySpec(key, \"HmacSHA256\")), then doFinal(message)",
            Language::DotNet => "HMACSHA256.HashData(key, message)",
            Language::Php => "hash_hmac('sha256', message, key, true): the message first",
            Language::Ruby => "OpenSSL::HMAC.digest('SHA256', key, message)",
            Language::Rust => "Hmac::new_from_slice(key), then update(message)",
            Language::Cpp => "HMAC(EVP_sha256(), key, .., message, ..)",
            Language::Shell => {
                "openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY, the message on its standard input"
            }
            Language::Postman => "CryptoJS.HmacSHA256(message, key): the message first",
            Language::Tool | Language::Unknown => {
                "some libraries take the message first (PHP, CryptoJS), most the key"
            }
        }
    }

    /// SHA-256 in small hex; empty where there is none to name.
    pub(crate) fn sha256_hex_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript => "createHash('sha256').update(text).digest('hex')",
            Language::Python => "hashlib.sha256(text.encode()).hexdigest()",
            Language::Go => "hex.EncodeToString of sha256.Sum256",
            Language::Jvm => "HexFormat.of().formatHex of MessageDigest",
            Language::DotNet => "Convert.ToHexString(..).ToLowerInvariant()",
            Language::Php => "hash('sha256', $text)",
            Language::Ruby => "OpenSSL::Digest::SHA256.hexdigest(text)",
            Language::Rust => "hex::encode(Sha256::digest(text))",
            Language::Cpp => "%02x for each byte of SHA256()",
            Language::Shell => "printf %s \"$text\" | openssl dgst -sha256 -r",
            Language::Postman => "CryptoJS.SHA256(text).toString()",
            Language::Tool | Language::Unknown => "",
        }
    }

    /// Lines joined by single line feeds, with none at the end; empty where there is none to name.
    pub(crate) fn join_lines_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript | Language::Postman => "lines.join('\\n')",
            Language::Python => "\"\\n\".join(lines)",
            Language::Go => "strings.Join(lines, \"\\n\")",
            Language::Jvm => "String.join(\"\\n\", lines), not %n",
            Language::DotNet => "string.Join(\"\\n\", lines), not AppendLine",
            Language::Php => "implode(\"\\n\", $lines) in double quotes, not PHP_EOL",
            Language::Ruby => "lines.join(\"\\n\") in double quotes",
            Language::Rust => "lines.join(\"\\n\"), not writeln!",
            Language::Cpp => "\"\\n\" and not std::endl at the end",
            Language::Shell => "printf '%s\\n%s', not echo, and no CRLF in the script",
            Language::Tool | Language::Unknown => "",
        }
    }

    /// Small letters for a header's name, whatever language the user has.
    pub(crate) fn lower_case_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript | Language::Postman => "toLowerCase(), not toLocaleLowerCase()",
            Language::Go => "strings.ToLower, not ToLowerSpecial",
            Language::Jvm => "toLowerCase(Locale.ROOT); for now start with -Duser.language=en",
            Language::DotNet => "ToLowerInvariant()",
            Language::Php => "strtolower of PHP 8.2 or later, or setlocale(LC_CTYPE, 'C') before it",
            Language::Ruby => "downcase(:ascii)",
            Language::Rust => "to_ascii_lowercase()",
            Language::Cpp => "std::tolower with std::locale::classic()",
            Language::Shell => "LC_ALL=C tr A-Z a-z",
            Language::Python | Language::Tool | Language::Unknown => {
                "Java: toLowerCase(Locale.ROOT), .NET: ToLowerInvariant"
            }
        }
    }

    /// A key as percent-encoded UTF-8.
    pub(crate) fn utf8_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript | Language::Postman => "encodeURIComponent, not escape()",
            Language::Python => "urllib.parse.quote(key), and no encode('latin-1')",
            Language::Go => "url.PathEscape of a string that holds UTF-8",
            Language::Jvm => "getBytes(StandardCharsets.UTF_8), and not the platform's charset",
            Language::DotNet => "Uri.EscapeDataString, or Encoding.UTF8",
            Language::Php => "rawurlencode of mb_convert_encoding(key, 'UTF-8', 'ISO-8859-1')",
            Language::Ruby => "key.encode('UTF-8') before it is escaped",
            Language::Rust => "percent_encode of the bytes of a str",
            Language::Cpp => "StringUtils::URLEncode of UTF-8 text",
            Language::Shell => "a script in a UTF-8 locale (LC_ALL=C.UTF-8)",
            Language::Tool => "a shell and a file system in UTF-8 (LC_ALL=C.UTF-8)",
            Language::Unknown => "encodeURIComponent in JavaScript, urllib.parse.quote in Python",
        }
    }

    /// A date of the request for no language, in UTC.
    pub(crate) fn date_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript | Language::Postman => "toISOString() without - : and milliseconds",
            Language::Python => "datetime.now(timezone.utc).strftime('%Y%m%dT%H%M%SZ')",
            Language::Go => "time.Now().UTC().Format(\"20060102T150405Z\")",
            Language::Jvm => "DateTimeFormatter.ofPattern(.., Locale.ROOT) in UTC",
            Language::DotNet => "ToString(\"yyyyMMddTHHmmssZ\", CultureInfo.InvariantCulture)",
            Language::Php => "gmdate('Ymd\\THis\\Z')",
            Language::Ruby => "Time.now.utc.strftime('%Y%m%dT%H%M%SZ')",
            Language::Rust => "format of chrono::Utc::now() with %Y%m%dT%H%M%SZ",
            Language::Cpp => "strftime of gmtime with %Y%m%dT%H%M%SZ",
            Language::Shell => "LC_ALL=C date -u +%Y%m%dT%H%M%SZ",
            Language::Tool | Language::Unknown => {
                "InvariantCulture (.NET), Locale.ROOT (Java), en_US_POSIX (Apple)"
            }
        }
    }

    /// The path as the request line has it; empty where there is none to name.
    pub(crate) fn path_call(self) -> &'static str {
        match self.language() {
            Language::JavaScript => "new URL(url).pathname",
            Language::Python => "urlsplit(url).path or '/'",
            Language::Go => "EscapedPath() of the URL, and / where that is empty",
            Language::Jvm => "getRawPath() of the URI, and / where that is empty",
            Language::DotNet => "AbsolutePath of the Uri",
            Language::Php => "parse_url($url, PHP_URL_PATH) ?: '/'",
            Language::Ruby => "URI(url).path, and / where that is empty",
            Language::Rust => "path() of the Uri",
            Language::Shell => "a URL with a / behind its host",
            Language::Postman => "pm.request.url.getPath()",
            Language::Cpp | Language::Tool | Language::Unknown => "",
        }
    }
}
