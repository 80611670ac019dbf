package dev.lora4j.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReferenceTest {

  @Test
  void localPathTakesPrecedence() {
    // A directory of this module, whose name could be one on the Hub.
    assertThat(ModelReference.of("src/test"))
        .isEqualTo(new ModelReference.Local(Path.of("src/test")));
    assertThat(ModelReference.of("pom.xml"))
        .isEqualTo(new ModelReference.Local(Path.of("pom.xml")));
  }

  @Test
  void missingPathOfTheRightFormIsOnTheHub() {
    assertThat(ModelReference.of("org/name@v1"))
        .isEqualTo(new ModelReference.OnHub(new RepoId("org", "name", "v1")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "nothing", "./no/model", "/no/model", "a/b/c", "../no", "./no", "C:\\no"})
  void everythingElseIsRefused(String text) {
    assertThatThrownBy(() -> ModelReference.of(text))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no model \"" + text + "\": there is no directory or file")
        .hasMessageContaining("bad model name");
  }

  @Test
  void nameThatBreaksTheHubsRulesIsReportedWithBothMeanings() {
    assertThatThrownBy(() -> ModelReference.of("my--dir/x"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no directory or file of that name")
        .hasMessageContaining("bad model name \"my--dir\": expected names without --");
  }

  @Test
  void resolvesToADirectory(@TempDir Path cache) throws IOException {
    try (FakeHub server = new FakeHub()) {
      server.small("adapter_config.json", "{}").large("adapter_model.safetensors", new byte[9]);
      Hub hub = new Hub(Checkouts.settings(server.endpoint(), cache));

      Path fetched = ModelReference.of(FakeHub.REPO).resolve(hub, HubListener.SILENT);
      Path here = ModelReference.of(fetched.toString()).resolve(hub, HubListener.SILENT);

      assertThat(fetched.resolve("adapter_model.safetensors")).hasBinaryContent(new byte[9]);
      assertThat(here).isEqualTo(fetched);
    }
  }
}
