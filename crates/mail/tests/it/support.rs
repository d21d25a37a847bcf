//! A small mail server that takes letters, or does not, and remembers what it was told.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use mail::{EmailCodeLetter, Letter, Mailer, Settings, Template as _};

/// What a client sent: the commands, and the letters.
#[derive(Default)]
pub struct Heard {
    pub commands: Vec<String>,
    pub letters: Vec<String>,
}

pub struct Sink {
    pub address: SocketAddr,
    pub heard: Arc<Mutex<Heard>>,
}

impl Sink {
    /// Answers a command that begins with `command` (`.` stands for the end of a letter) with
    /// `reply`, and all others kindly.
    pub fn replying(command: &'static str, reply: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let ears = heard.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let ears = ears.clone();
                thread::spawn(move || converse(client.unwrap(), command, reply, &ears));
            }
        });
        Self { address, heard }
    }

    pub fn kind() -> Self {
        Self::replying("(nothing)", "")
    }

    /// Accepts connections and never says a word.
    pub fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || listener.incoming().map(Result::unwrap).collect::<Vec<_>>());
        Self {
            address,
            heard: Arc::default(),
        }
    }

    pub fn mailer(&self) -> Mailer {
        self.mailer_with("")
    }

    /// A mailer that signs in with these, written `user:password@`.
    pub fn mailer_with(&self, credentials: &str) -> Mailer {
        let url = format!("smtp://{credentials}{}", self.address);
        Mailer::new(&Settings::Smtp {
            url,
            from: sender(),
        })
        .unwrap()
    }
}

fn converse(mut client: TcpStream, command: &str, reply: &str, heard: &Mutex<Heard>) {
    let lines = BufReader::new(client.try_clone().unwrap()).lines();
    let mut letter: Option<String> = None;
    client.write_all(b"220 sink ready\r\n").unwrap();
    for line in lines.map_while(Result::ok) {
        let answer = match &mut letter {
            Some(text) if line != "." => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            Some(text) => {
                heard.lock().unwrap().letters.push(std::mem::take(text));
                letter = None;
                "250 taken"
            }
            None => {
                heard.lock().unwrap().commands.push(line.clone());
                match line.split(' ').next() {
                    Some("EHLO") => "250-sink\r\n250 AUTH PLAIN",
                    Some("AUTH") => "235 welcome",
                    Some("DATA") => "354 go on",
                    Some("QUIT") => "221 goodbye",
                    _ => "250 fine",
                }
            }
        };
        let answer = if line.starts_with(command) {
            reply
        } else {
            answer
        };
        if answer.starts_with("354") {
            letter = Some(String::new());
        }
        if client
            .write_all(format!("{answer}\r\n").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

pub fn sender() -> String {
    "Gigdesk <desk@gigdesk.example>".to_owned()
}

pub fn code_letter(name: &str) -> EmailCodeLetter {
    EmailCodeLetter {
        to: "ada@example.org".to_owned(),
        name: name.to_owned(),
        code: "493817".to_owned(),
        minutes: 15,
    }
}

pub fn letter() -> Letter {
    code_letter("Ada").letter().unwrap()
}
