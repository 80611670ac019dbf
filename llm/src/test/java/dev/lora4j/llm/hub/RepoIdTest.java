package dev.lora4j.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RepoIdTest {

  @Test
  void readsNameAndRevision() {
    assertThat(RepoId.parse("Qwen/Qwen2.5-0.5B"))
        .isEqualTo(new RepoId("Qwen", "Qwen2.5-0.5B", "main"))
        .hasToString("Qwen/Qwen2.5-0.5B");
    assertThat(RepoId.parse("org/name@refs/pr/1"))
        .isEqualTo(new RepoId("org", "name", "refs/pr/1"))
        .hasToString("org/name@refs/pr/1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "name",
        "a/b/c",
        "/name",
        "org/",
        "../name",
        "org/..",
        "org/na me",
        "org/n--m",
        "-org/name",
        "org/name.",
        "org/name.git",
        "org\\name",
        "org/name:v1"
      })
  void invalidNameIsRefused(String text) {
    assertThatThrownBy(() -> RepoId.parse(text))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("bad model name");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../../x", "a..b", "/x", "x/", "a//b", "-x", "a b", "a\\b", "a?b"})
  void invalidRevisionIsRefused(String revision) {
    assertThatThrownBy(() -> RepoId.parse("org/name@" + revision))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("bad revision \"" + revision + "\" of org/name: expected a branch");
  }

  @Test
  void tooLongNameIsRefused() {
    assertThatThrownBy(() -> RepoId.parse("org/" + "n".repeat(93)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("at most 96 characters");
  }
}
