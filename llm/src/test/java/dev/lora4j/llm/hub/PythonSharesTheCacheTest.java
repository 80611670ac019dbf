package dev.lora4j.llm.hub;

import static dev.lora4j.llm.hub.Checkouts.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.PythonPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Python's huggingface_hub uses the snapshots downloaded here, and vice versa. */
class PythonSharesTheCacheTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FakeHub server;
  private final Path home;
  private final HubSettings settings;
  private Optional<PythonPeer> python = Optional.empty();

  PythonSharesTheCacheTest(@TempDir Path home) throws IOException {
    this.home = home;
    server =
        new FakeHub()
            .small("config.json", "{}")
            .small("tokenizer.json", "{ }")
            .large("model.safetensors", WEIGHTS);
    settings = Checkouts.settings(server.endpoint(), home.resolve("hub"));
  }

  @BeforeEach
  void findPython() throws IOException, InterruptedException {
    python = Optional.of(PythonPeer.require("huggingface_hub"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void pythonFindsOurs() throws IOException, InterruptedException {
    Path snapshot = fetch("main");
    server.requests().clear();

    assertThat(ask("find", "main").asText()).isEqualTo(snapshot.toString());
    for (String revision : List.of("main", server.commit())) {
      JsonNode found = ask("try", revision);
      for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
        assertThat(found.path(name).asText()).isEqualTo(snapshot.resolve(name).toString());
      }
    }
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void pythonFindsOursWithoutLinks() throws IOException, InterruptedException {
    Path snapshot =
        new Hub(Checkouts.withoutLinks(settings))
            .snapshot(RepoId.parse(FakeHub.REPO), HubListener.SILENT);

    assertThat(ask("find", "main").asText()).isEqualTo(snapshot.toString());
    assertThat(ask("try", "main").path("config.json").asText())
        .isEqualTo(snapshot.resolve("config.json").toString());
  }

  @Test
  void weFindPythons() throws IOException, InterruptedException {
    Path snapshot = Path.of(ask("fetch", "refs/pr/1").asText());
    assertThat(server.fetches("model.safetensors")).hasSize(1);
    RepoId repo = RepoId.parse(FakeHub.REPO + "@refs/pr/1");
    server.requests().clear();

    assertThat(new Hub(Checkouts.offline(settings)).snapshot(repo, HubListener.SILENT))
        .isEqualTo(snapshot);
    assertThat(new Hub(settings).snapshot(repo, HubListener.SILENT)).isEqualTo(snapshot);
    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors")).isEmpty();
  }

  @Test
  void pythonDoesNotDownloadOursAgain() throws IOException, InterruptedException {
    Path snapshot = fetch("main");
    server.requests().clear();

    assertThat(ask("fetch", "main").asText()).isEqualTo(snapshot.toString());

    assertThat(server.fetches("model.safetensors")).isEmpty();
    assertThat(server.fetches("config.json")).isEmpty();
  }

  private Path fetch(String revision) {
    RepoId repo = RepoId.parse(FakeHub.REPO + "@" + revision);
    return new Hub(settings).snapshot(repo, HubListener.SILENT);
  }

  private JsonNode ask(String what, String revision) throws IOException, InterruptedException {
    Map<String, Object> request = new HashMap<>();
    request.put("do", what);
    request.put("home", home.toString());
    request.put("endpoint", server.endpoint().toString());
    request.put("repo", FakeHub.REPO);
    request.put("revision", revision);
    if (what.equals("try")) {
      request.put("names", List.of("config.json", "tokenizer.json", "model.safetensors"));
    }
    Path file = home.resolve("request.json");
    Files.write(file, JSON.writeValueAsBytes(request));
    PythonPeer.Answer answer = python.orElseThrow().run("hub_peer.py", file);
    assertThat(answer.exit()).as(answer.text()).isZero();
    String last = answer.text().strip().lines().reduce((before, line) -> line).orElse("");
    return JSON.readTree(last);
  }
}
