//! Headless Chromium, driven through chromedriver.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::PASSWORD;

const INSTALL: &str = "install it: apt-get install chromium chromium-driver";
/// What does not show in this time does not come.
const PATIENCE: Duration = Duration::from_secs(15);

/// A chromedriver of the test's own.
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start ({error}); {INSTALL}"));
        let said = BufReader::new(process.stdout.take().unwrap());
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver does not say its port; {INSTALL}"));
        Self { process, port }
    }

    /// A browser with nothing in it, for the platform at this address.
    pub async fn open(&self, origin: &str) -> Window {
        let profile = tempfile::tempdir().unwrap();
        let user_data = format!("--user-data-dir={}", profile.path().display());
        let options = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--no-first-run", user_data,
            ] },
        });
        let Value::Object(options) = options else {
            unreachable!("it is an object")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options.into_iter().collect::<Capabilities>());
        let address = format!("http://127.0.0.1:{}", self.port);
        let client = builder.connect(&address).await;
        let client =
            client.unwrap_or_else(|error| panic!("Chromium does not start ({error}); {INSTALL}"));
        let session = client.session_id().await.unwrap().unwrap();
        Window {
            client,
            session: format!("{address}/session/{session}"),
            origin: origin.to_owned(),
            _profile: profile,
        }
    }
}

impl Drop for Driver {
    /// Asks it to close its browsers, too, which a test that failed has left open.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser.
pub struct Window {
    client: Client,
    session: String,
    origin: String,
    _profile: TempDir,
}

impl Window {
    /// Opens a page, and waits until all of it is there.
    pub async fn go(&self, path: &str) {
        let address = format!("{}{path}", self.origin);
        self.client.goto(&address).await.unwrap();
    }

    /// Where it is: the path and what is asked.
    pub async fn path(&self) -> String {
        let address = self.client.current_url().await.unwrap();
        let path = address.as_str().strip_prefix(&self.origin).unwrap();
        path.to_owned()
    }

    /// Signs in through the form.
    pub async fn sign_in(&self, email: &str) {
        self.go("/sign-in").await;
        self.write("#email", email).await;
        self.write("#password", PASSWORD).await;
        self.click("main form .button").await;
        self.until("form[action='/sign-out']", "").await;
    }

    pub async fn write(&self, selector: &str, text: &str) {
        self.until(selector, "").await;
        let field = self.client.find(Locator::Css(selector)).await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks on it, once it is there and nothing lies above it.
    pub async fn click(&self, selector: &str) {
        self.until(selector, "").await;
        let began = Instant::now();
        loop {
            let element = self.client.find(Locator::Css(selector)).await.unwrap();
            match element.click().await {
                Ok(()) => return,
                Err(error) if began.elapsed() > PATIENCE => panic!("{selector}: {error}"),
                Err(_) => tokio::time::sleep(PATIENCE / 100).await,
            }
        }
    }

    /// Waits until something visible that matches says this.
    pub async fn until(&self, selector: &str, text: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])].some((node) => \
                      node.checkVisibility() && node.textContent.includes(arguments[1]))";
        let began = Instant::now();
        loop {
            // While a page gives way to the next, there is nobody to ask.
            let shown = self
                .client
                .execute(script, vec![json!(selector), json!(text)])
                .await;
            if shown.is_ok_and(|shown| shown == json!(true)) {
                return;
            }
            if began.elapsed() > PATIENCE {
                let script = "return location.href + '\\n' + document.body.innerText";
                let page = self.client.execute(script, Vec::new()).await;
                let complaints = self.complaints().await;
                panic!("'{text}' is not in {selector}: {page:?} {complaints:?}");
            }
            tokio::time::sleep(PATIENCE / 200).await;
        }
    }

    /// Makes it so large, in CSS pixels; headless windows have a least width of their own.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        let body = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.command("goog/cdp/execute", &body).await;
    }

    /// Fails unless the page is whole, has one heading, fits, and nothing complained.
    pub async fn assert_sound(&self, page: &str, width: i64) {
        let faults = self.faults(width).await;
        assert!(faults.is_empty(), "{page} at {width}: {faults:#?}");
        self.assert_no_complaints(page).await;
    }

    /// What is wrong with how the page looks.
    pub async fn faults(&self, width: i64) -> Vec<String> {
        let script = "return { state: document.readyState, width: innerWidth, \
                      content: document.documentElement.scrollWidth, \
                      headings: document.querySelectorAll('h1').length, \
                      wide: [...document.querySelectorAll('body *')] \
                        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1) \
                        .slice(0, 5).map((one) => one.outerHTML.slice(0, 120)) }";
        let found = self.client.execute(script, Vec::new()).await.unwrap();
        let is_so = [
            ("not whole", found["state"] == "complete"),
            ("of another width", found["width"] == width),
            ("without one heading", found["headings"] == 1),
            (
                "too wide",
                found["content"]
                    .as_i64()
                    .is_some_and(|content| content <= width),
            ),
        ];
        let faults = is_so.iter().filter(|(_, is_good)| !is_good);
        faults
            .map(|(fault, _)| format!("{fault}: {found}"))
            .collect()
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) {
        self.client.execute(script, Vec::new()).await.unwrap();
    }

    /// Fails when the console has an error since the last look.
    pub async fn assert_no_complaints(&self, page: &str) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }

    /// Errors on the console since the last look.
    pub async fn complaints(&self) -> Vec<String> {
        let lines = self.command("se/log", &json!({ "type": "browser" })).await;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let errors = lines.iter().filter(|line| line["level"] == "SEVERE");
        errors.map(|line| line["message"].to_string()).collect()
    }

    /// A command of Chromium's own.
    async fn command(&self, name: &str, body: &Value) -> Value {
        let address = format!("{}/{name}", self.session);
        let answer = reqwest::Client::new().post(address).json(body).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer["value"].get("error"), None, "{name}: {answer}");
        answer["value"].clone()
    }

    /// Closes the browser.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}
