from tests.cli.project import *
import pytest
def test_x(project, server):
    project.set_variable(VARIABLE, "not-the-password")
    project.write_account("sales", own_account("sales", server))
    print(project.run("plan", "--format", "markdown").out)
    project.write_account("news", marketing_account("news").replace("news@example.com", '"\\n::error file=reconciler.yaml,line=1::owned\\r\\n::stop-commands::x"'))
    print(project.run("validate", "--format", "github").out)
