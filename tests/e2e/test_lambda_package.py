# SPDX-License-Identifier: MIT
"""The archive that `usher lambda --package` makes: what is in it, and that it runs where Lambda would unpack it."""
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest
import zipfile

from runtime_api import PATIENCE, Api

USHER = os.environ.get("USHER", "build/dev/usher")


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name, "root")
        settings, cls.archive = pathlib.Path(folder.name, "s.lua"), pathlib.Path(folder.name, "out.zip")
        settings.write_text('return { triggers = { deny = { "denied.example" } } }')
        subprocess.run([USHER, "lambda", "--package", cls.archive, "--config", settings], check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE)
        with zipfile.ZipFile(cls.archive) as archive:
            assert archive.testzip() is None
            cls.members = {member.filename: member for member in archive.infolist()}
            archive.extractall(cls.root)
        for name, member in cls.members.items():
            (cls.root / name).chmod(member.external_attr >> 16 & 0o777)

    def setUp(self):
        self.api = Api()
        self.addCleanup(self.api.close)

    def event(self, domain):
        attributes = {"email": "ada@" + domain}
        return {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": attributes}, "response": {}}

    def answers(self, **options):
        """Runs what Lambda would, with nothing but Lambda's variables."""
        errors = tempfile.TemporaryFile("w+")
        process = subprocess.Popen(
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, text=True, **options)
        self.addCleanup(errors.close)
        try:
            self.api.invoke(self.event("example.com"))
            accepted = self.api.posts.get(timeout=PATIENCE)
            self.api.invoke(self.event("denied.example"))
            refused = self.api.posts.get(timeout=PATIENCE)
            self.assertEqual([post["path"].rsplit("/", 1)[1] for post in (accepted, refused)], ["response", "error"])
        finally:
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)

    def variables(self, root):
        return {"AWS_LAMBDA_RUNTIME_API": self.api.address, "LAMBDA_TASK_ROOT": root, "AWS_REGION": "us-east-1",
                "_HANDLER": "triggers.pre_sign_up"}

    def test_members(self):
        for name in ("bootstrap", "usher"):
            self.assertEqual(stat.S_IMODE(self.members[name].external_attr >> 16), 0o755, name)
        for name in ("usher.lua", "certificates.pem"):
            self.assertEqual(stat.S_IMODE(self.members[name].external_attr >> 16), 0o644, name)
        self.assertLess(sum(member.file_size for member in self.members.values()), 250 << 20, "Lambda's limit")

    def test_the_same_archive_each_time(self):
        again = self.archive.with_name("again.zip")
        subprocess.run([USHER, "lambda", "--package", again], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        once = again.read_bytes()
        subprocess.run([USHER, "lambda", "--package", again], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertEqual(once, again.read_bytes())

    def libraries(self):
        """What the binary is linked with: paths on this machine."""
        listed = subprocess.run(["ldd", USHER], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
        return re.findall(r"(/\S+) \(0x", listed)

    def test_a_binary_that_is_too_new(self):
        newer = self.archive.with_name("newer")
        newer.write_bytes(pathlib.Path(USHER).read_bytes() + b"GLIBC_2.99\0")
        newer.chmod(0o755)
        ended = subprocess.run([newer, "lambda", "--package", self.archive.with_name("none.zip")], capture_output=True,
                               text=True, timeout=PATIENCE)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("needs glibc 2.99", ended.stderr)
        self.assertFalse(self.archive.with_name("none.zip").exists())

    def test_bootstrap(self):
        self.answers(args=[self.root / "bootstrap"], cwd="/", env=self.variables(str(self.root)))

    @unittest.skipUnless(os.geteuid() == 0, "only root can change the root folder")
    def test_where_nothing_else_is(self):
        """The last line of the bootstrap, in a root that holds the archive, the C library and libgcc: not even a shell."""
        libraries = self.libraries()
        if any("san.so" in path for path in libraries):
            self.skipTest("a sanitizer wants /proc")
        for path in libraries:
            self.assertRegex(os.path.basename(path), r"^(lib[cm]|libgcc_s|ld)\b")
        for path in libraries:
            inside = self.root / path.lstrip("/")
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_bytes(pathlib.Path(path).read_bytes())
            inside.chmod(0o755)
        last = (self.root / "bootstrap").read_text().splitlines()[-1]
        command = last.removeprefix("exec ").replace('"$@"', "").split()
        self.answers(args=command, env={**self.variables("/"), "SSL_CERT_FILE": "/certificates.pem"},
                     preexec_fn=lambda: (os.chroot(self.root), os.chdir("/")))

    def test_a_place_that_cannot_be_written(self):
        ended = subprocess.run([USHER, "lambda", "--package", "/nowhere/out.zip"], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual((ended.returncode, "/nowhere/out.zip" in ended.stderr), (1, True))


if __name__ == "__main__":
    unittest.main()
