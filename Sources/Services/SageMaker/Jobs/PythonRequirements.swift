/// What a program that runs on this machine's Python wants besides, installed into a directory of the job's own.
///
/// AWS's framework images install `requirements.txt` before they run the user's script; what scripts install themselves
/// goes to the same place, so that the machine's own packages stay as they are.
enum PythonRequirements {
    static let fileName = "requirements.txt"
    private static let packages = "/opt/ml/packages"

    /// Makes pip install into the job's directory, and Python look there.
    static func prepare(_ environment: inout [String: String]) {
        environment["PIP_TARGET"] = environment["PIP_TARGET"] ?? packages
        environment["PIP_DISABLE_PIP_VERSION_CHECK"] = environment["PIP_DISABLE_PIP_VERSION_CHECK"] ?? "1"
        environment["PYTHONPATH"] = [environment["PYTHONPATH"], packages].compactMap(\.self).joined(separator: ":")
    }

    /// A command that installs what the file names and then becomes another command. Where that fails, it ends as AWS's
    /// toolkit does: with the failure file, and pip's exit code.
    static func installing(_ directory: String, before command: [String], python: String = "python3") -> [String] {
        [python, "-c", program, "\(directory)/\(fileName)"] + command
    }

    private static let program = #"""
        import os, subprocess, sys
        requirements, command = sys.argv[1], sys.argv[2:]
        os.chdir(os.path.dirname(requirements))
        install = [sys.executable, "-m", "pip", "install", "-r", os.path.basename(requirements)]
        pip = subprocess.run(install, stderr=subprocess.PIPE, text=True)
        sys.stderr.write(pip.stderr)
        sys.stderr.flush()
        if pip.returncode:
            os.makedirs("/opt/ml/output", exist_ok=True)
            with open("/opt/ml/output/failure", "w") as failure:
                failure.write(f'InstallRequirementsError:\nExitCode {pip.returncode}\n'
                              f'ErrorMessage "{pip.stderr.strip()}"\nCommand "{" ".join(install)}"')
            sys.exit(pip.returncode)
        os.execvp(command[0], command)
        """#
}
