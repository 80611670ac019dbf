package dev.lora4j.llm.hub;

import static dev.lora4j.llm.hub.Checkouts.WEIGHTS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Refusals of the Hub and of its answers, with their messages. */
class HubRefusesTest {
  private static final RepoId REPO = RepoId.parse(FakeHub.REPO);

  private final FakeHub server;
  private final HubSettings settings;
  private final Path folder;

  HubRefusesTest(@TempDir Path cache) throws IOException {
    server = new FakeHub().small("config.json", "{}").large("model.safetensors", WEIGHTS);
    settings = Checkouts.settings(server.endpoint(), cache);
    folder = cache.resolve("models--org--model");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path fetch() {
    return new Hub(settings).snapshot(REPO, HubListener.SILENT);
  }

  @Test
  void unknownModelIsReportedWithARemedy() {
    RepoId other = RepoId.parse("org/other");

    assertThatThrownBy(() -> new Hub(settings).snapshot(other, HubListener.SILENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no model org/other at " + server.endpoint())
        .hasMessageContaining("no token is set")
        .hasMessageContaining("set HF_TOKEN");
    assertThatThrownBy(
            () -> new Hub(Checkouts.withToken(settings)).snapshot(other, HubListener.SILENT))
        .hasMessageContaining("your token may not see it");
  }

  @Test
  void unknownRevisionIsReported() {
    assertThatThrownBy(
            () -> new Hub(settings).snapshot(RepoId.parse("org/model@v9"), HubListener.SILENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the model org/model has no revision \"v9\"");
  }

  @Test
  void gatedModelNamesThePageOfItsTerms() {
    server.trouble(
        exchange -> {
          FakeHub.refuse(exchange, 403, "GatedRepo");
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is gated: accept its terms at " + server.endpoint() + "/org/model");
  }

  @Test
  void invalidTokenIsRefused() {
    server.trouble(exchange -> status(exchange, 401));

    assertThatThrownBy(
            () -> new Hub(Checkouts.withToken(settings)).snapshot(REPO, HubListener.SILENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not accept the token");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void forbiddenShowsTheHubsMessage() {
    server.trouble(
        exchange -> {
          exchange.getResponseHeaders().add("X-Error-Message", "Only for members");
          return status(exchange, 403);
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("may not read the model org/model (Only for members); set HF_TOKEN");
  }

  @Test
  void serverThatIsNoHubIsReported() {
    server.trouble(
        exchange -> {
          FakeHub.serve(exchange, "<html>".getBytes(UTF_8));
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not answer as a Hub")
        .hasMessageContaining("check HF_ENDPOINT");
  }

  @Test
  void nameThatLeavesTheDirectoryIsRefused() {
    for (String name : List.of("../evil", "/etc/evil", "a/../../evil", "a\\evil", "C:evil")) {
      server.alsoLists(name);
      assertThatThrownBy(this::fetch)
          .as(name)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("would lie outside its directory");
    }
    assertThat(folder).doesNotExist();
  }

  @Test
  void nameThatIsNotUnicodeIsRefused() {
    server.alsoLists("tokenizer\ud800.json");
    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessage(
            "refused org/model: its file \"tokenizer?.json\" has a name that is not Unicode");
  }

  @Test
  void entityTagThatLeavesTheDirectoryIsRefused() {
    server.trouble(
        exchange -> {
          if (!exchange.getRequestMethod().equals("HEAD")) {
            return false;
          }
          exchange.getResponseHeaders().add("X-Repo-Commit", server.commit());
          exchange.getResponseHeaders().add("ETag", "\"../../evil\"");
          return status(exchange, 200);
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("expected an ETag that is a hash, found \"../../evil\"");
  }

  @Test
  void tooSmallDiskIsReportedBeforeTheDownload() {
    assertThatThrownBy(() -> SnapshotDownload.checkSpace(settings.cache(), Long.MAX_VALUE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not enough space in " + settings.cache())
        .hasMessageContaining("HF_HUB_CACHE");
  }

  @Test
  void repositoryWithoutAModelIsReportedWithItsFiles() throws IOException {
    try (FakeHub other = new FakeHub()) {
      other.small("config.json", "{}").large("model-q4.gguf", WEIGHTS).small("README.md", "");

      assertThatThrownBy(
              () ->
                  new Hub(Checkouts.settings(other.endpoint(), settings.cache()))
                      .snapshot(REPO, HubListener.SILENT))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("it has no model.safetensors")
          .hasMessageContaining("found README.md, config.json, model-q4.gguf")
          .hasMessageContaining("give its path");
    }
  }

  private static boolean status(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    return true;
  }
}
