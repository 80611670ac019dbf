package dev.lora4j.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  private final Path home;

  HubSettingsTest(@TempDir Path home) {
    this.home = home;
  }

  private HubSettings of(String... keysAndValues) {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      environment.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return HubSettings.from(environment, home);
  }

  @Test
  void defaultsAreHuggingFaceAndPythonsCache() {
    HubSettings usual = of();

    assertThat(usual.endpoint()).hasToString("https://huggingface.co");
    assertThat(usual.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(usual.token()).isEmpty();
    assertThat(usual.offline()).isFalse();
    assertThat(usual.symlinks()).isTrue();
  }

  @Test
  void moreSpecificVariableTakesPrecedence() {
    assertThat(of("XDG_CACHE_HOME", "/x").cache()).isEqualTo(Path.of("/x/huggingface/hub"));
    assertThat(of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache()).isEqualTo(Path.of("/h/hub"));
    assertThat(of("HF_HOME", "/h", "HF_HUB_CACHE", "/c").cache()).isEqualTo(Path.of("/c"));
    assertThat(of("HF_HOME", "~/h").cache()).isEqualTo(home.resolve("h/hub"));
    assertThat(of("HF_HOME", "").cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
  }

  @Test
  void theTokenIsTheVariableOrInTheFile() throws IOException {
    Files.createDirectories(home.resolve("h"));
    Files.writeString(home.resolve("h/token"), "hf_file\n");

    assertThat(of("HF_HOME", "~/h").token()).contains("hf_file");
    assertThat(of("HF_HOME", "~/h", "HF_TOKEN", " hf_env ").token()).contains("hf_env");
    assertThat(of("HF_HOME", "~/h", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
    assertThat(of("HF_TOKEN", "hf_env", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
    assertThat(of("HF_TOKEN_PATH", "~/h/token").token()).contains("hf_file");
  }

  @Test
  void invalidTokenIsNotShown() {
    assertThatThrownBy(() -> of("HF_TOKEN", "hf_a\nX-Evil: b"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the token in HF_TOKEN is invalid")
        .hasMessageNotContaining("hf_a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "true", "YES", "on"})
  void offlineVariablesAreEquivalent(String yes) {
    assertThat(of("HF_HUB_OFFLINE", yes).offline()).isTrue();
    assertThat(of("TRANSFORMERS_OFFLINE", yes).offline()).isTrue();
    assertThat(of("HF_HUB_OFFLINE", "0", "TRANSFORMERS_OFFLINE", yes).offline()).isFalse();
  }

  @Test
  void theEndpointLosesItsSlash() {
    assertThat(of("HF_ENDPOINT", "http://hub.local:8080/hf/").endpoint())
        .hasToString("http://hub.local:8080/hf");
  }

  @ParameterizedTest
  @ValueSource(strings = {"hub.local", "ftp://hub.local", "http://", "http://a b", "https://h?x=1"})
  void invalidEndpointIsRefused(String text) {
    assertThatThrownBy(() -> of("HF_ENDPOINT", text))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("HF_ENDPOINT is \"" + text + "\"");
  }
}
