package dev.lora4j.lora.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Python's regular expressions match what {@code re.fullmatch} does. */
class PythonRegexTest {
  private static boolean matches(String python, String path) {
    return Targets.matching(python).include(path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "(?P<side_1>[ab])-(?P=side_1) ~ a-a ~ a-b",
        "x{,2} ~ xx ~ xxx",
        "x{,2} ~ '' ~ x{,2}",
        "x{,} ~ x{,} ~ xx",
        "a\\Z ~ a ~ b",
        "a(?#a comment)b ~ ab ~ a",
        "[[a]+ ~ [a[ ~ ]",
        "[]a]+ ~ ]a ~ [",
        "[^]]+ ~ a[ ~ ]",
        "[a&&b]+ ~ a&b ~ c",
        "[\\w.]+ ~ a_1.b ~ a-b",
        "\\[x\\] ~ [x] ~ x",
        "(?i:Q)_proj ~ q_proj ~ k_proj",
        ".*\\.layers\\.(0|1)\\..*(q|v)_proj ~ model.layers.1.self_attn.v_proj ~ model.layers.2.q_proj"
      })
  void matchesWhatPythonMatches(String python, String yes, String no) {
    assertThat(matches(python, yes)).as("%s matches %s", python, yes).isTrue();
    assertThat(matches(python, no)).as("%s matches %s", python, no).isFalse();
  }

  @Test
  void unslothsExpressionSelectsTheLanguageLayers() {
    String unsloth =
        "(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?"
            + "(?:k_proj|v_proj|q_proj|out_proj|fc1|fc2|o_proj|gate_proj|up_proj|down_proj).*?)"
            + "|(?:\\bmodel\\.layers\\.[\\d]{1,}\\.(?:self_attn|mlp)\\.(?:(?:q_proj|v_proj)))";
    assertThat(matches(unsloth, "model.language_model.layers.0.mlp.up_proj")).isTrue();
    assertThat(matches(unsloth, "model.layers.11.self_attn.q_proj")).isTrue();
    assertThat(matches(unsloth, "model.vision_tower.layers.0.mlp.fc1")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"fc(", "(?P<a", "[a", "a(?#b", "*a"})
  void anInvalidExpressionIsNamed(String python) {
    assertThatThrownBy(() -> Targets.matching(python))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("'" + python + "' is not a regular expression: ");
  }

  @Test
  void theConfigKeepsPythonsSpelling() {
    assertThat(Targets.matching("(?P<a_b>x){,2}").describe()).isEqualTo("(?P<a_b>x){,2}");
    assertThat(PathPatterns.fits("(?P<n>q|v)_proj", "layers.0.q_proj")).isTrue();
  }
}
