//! A Postgres server for tests. It lives in a folder of the temporary directory, since one that is
//! started by root runs as another user, who can look into no home of root's.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::free_port;
use crate::process;
use crate::workspace::Workspace;

/// The oldest version that is supported.
const OLDEST: u32 = 15;
/// The system's user that the package of the server makes.
const USER: &str = "postgres";
/// The role that has to show its password; all others come in without.
const WITH_PASSWORD: &str = "drover_password";

/// The server of a workspace.
pub struct Postgres {
    home: PathBuf,
    programs: PathBuf,
    as_root: bool,
}

impl Postgres {
    /// Finds the programs; installs them where that is possible.
    pub fn find(workspace: &Workspace, home: PathBuf) -> Result<Self> {
        let as_root = fs::metadata("/proc/self").context("look at this process")?.uid() == 0;
        let programs = match newest_programs() {
            Some(programs) => programs,
            None => install(workspace, as_root)?,
        };
        Ok(Self { home, programs, as_root })
    }

    /// Starts the server unless it runs; answers the URL of its database `postgres`.
    pub fn start(&self) -> Result<String> {
        let told = self.home.join("url");
        if self.runs() {
            return Ok(fs::read_to_string(told)?);
        }
        self.remove()?;
        fs::create_dir_all(&self.home).context("make the services' folder")?;
        if self.as_root {
            process::output(&self.home, "chown", &[USER, &self.home.to_string_lossy()])?;
        }
        let data = self.data();
        self.call(
            "initdb",
            &["-D", &data, "-U", "drover", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        )?;
        self.ask_for_password()?;
        self.certify()?;
        let port = free_port()?;
        let home = self.home.display();
        let options = format!(
            "-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=500 \
             -c log_line_prefix='%m [%p] %d ' -c ssl=on \
             -c ssl_ca_file={home}/ca.crt -c ssl_cert_file={home}/server.crt \
             -c ssl_key_file={home}/server.key"
        );
        let log = self.home.join("postgres.log");
        let log = log.to_string_lossy();
        self.call("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        let url = format!("postgres://drover@127.0.0.1:{port}/postgres");
        fs::write(told, &url)?;
        Ok(url)
    }

    /// Stops the server and removes what it kept.
    pub fn stop(&self) -> Result<()> {
        if self.runs() {
            self.call("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"])?;
        }
        self.remove()
    }

    /// Has the server ask one role for its password, for tests of what a wrong one does. The first
    /// line that fits is what holds.
    fn ask_for_password(&self) -> Result<()> {
        let file = self.home.join("data/pg_hba.conf");
        let others = fs::read_to_string(&file).context("read who may connect to the server")?;
        let lines = format!("host all {WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n{others}");
        fs::write(&file, lines).context("write who may connect to the server")
    }

    /// Makes an authority, and a certificate of it for the server.
    fn certify(&self) -> Result<()> {
        let path = |name: &str| self.home.join(name).to_string_lossy().into_owned();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
        let of_authority = [path("ca.key"), path("ca.crt"), path("server.key"), path("server.csr")];
        let [ca_key, ca, server_key, request] = of_authority.each_ref().map(String::as_str);
        let authority = [ca_key, "-x509", "-days", "30", "-subj", "/CN=drover-tests", "-out", ca];
        self.call("/usr/bin/openssl", &[&["req"], &key[..], &authority].concat())?;
        let server = [server_key, "-subj", "/CN=127.0.0.1", "-out", request];
        self.call("/usr/bin/openssl", &[&["req"], &key[..], &server].concat())?;
        let extensions = path("server.ext");
        fs::write(&extensions, "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")?;
        let (serial, out) = (path("ca.srl"), path("server.crt"));
        self.call(
            "/usr/bin/openssl",
            &[
                "x509",
                "-req",
                "-in",
                request,
                "-CA",
                ca,
                "-CAkey",
                ca_key,
                "-CAserial",
                &serial,
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                &extensions,
                "-out",
                &out,
            ],
        )
    }

    fn runs(&self) -> bool {
        self.call("pg_ctl", &["-D", &self.data(), "status"]).is_ok()
    }

    fn data(&self) -> String {
        self.home.join("data").to_string_lossy().into_owned()
    }

    fn remove(&self) -> Result<()> {
        super::remove(&self.home)
    }

    /// Calls a program of the server's (or one by its absolute path), as another user where we are
    /// root: the server refuses to run as one.
    fn call(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut words: Vec<OsString> = Vec::new();
        if self.as_root {
            words.extend(["runuser", "-u", USER, "--"].map(OsString::from));
        }
        words.push(program.clone().into());
        words.extend(arguments.iter().map(OsString::from));
        let log = std::env::temp_dir().join(format!("drover-services-{}.out", std::process::id()));
        // Not a pipe: the server would keep it open and the end of it would never come.
        let out = fs::File::create(&log).context("make a file for output")?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir("/").stdout(out.try_clone()?).stderr(out);
        let status = command.status().with_context(|| format!("run {}", program.display()))?;
        let said = fs::read_to_string(&log)?;
        fs::remove_file(&log)?;
        if !status.success() {
            bail!("`{} {}` failed ({status}):\n{said}", program.display(), arguments.join(" "));
        }
        Ok(())
    }
}

/// The newest server of the system's packages.
fn newest_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|folder| folder.file_name().to_string_lossy().parse::<u32>().ok())
        .filter(|version| *version >= OLDEST)
        .map(|version| (version, PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))))
        .filter(|(_, programs)| programs.join("initdb").exists())
        .max();
    newest.map(|(_, programs)| programs)
}

fn install(workspace: &Workspace, as_root: bool) -> Result<PathBuf> {
    let how = "install the server of PostgreSQL 15 or later (Debian and Ubuntu: \
               `apt-get install postgresql`)";
    if !as_root || !Path::new("/usr/bin/apt-get").exists() {
        bail!("the tests need a Postgres server; {how}");
    }
    let install = ["install", "-y", "--no-install-recommends", "postgresql"];
    if process::output(workspace.root(), "apt-get", &install).is_err() {
        process::run(workspace.root(), "apt-get", &["update", "-q"])?;
        process::run(workspace.root(), "apt-get", &install)?;
    }
    newest_programs().with_context(|| format!("no Postgres server was found; {how}"))
}
