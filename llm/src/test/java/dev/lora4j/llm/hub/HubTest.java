package dev.lora4j.llm.hub;

import static dev.lora4j.llm.hub.Checkouts.WEIGHTS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.SavedFamilies;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubTest {
  private static final RepoId REPO = RepoId.parse(FakeHub.REPO);

  private final FakeHub server;
  private final HubSettings settings;
  private final Path folder;
  private final List<HubListener.Arrival> told = new ArrayList<>();
  private final List<String> notices = new ArrayList<>();
  private final HubListener listener =
      new HubListener() {
        @Override
        public void onArrival(Arrival arrival) {
          told.add(arrival);
        }

        @Override
        public void onNotice(String sentence) {
          notices.add(sentence);
        }
      };

  HubTest(@TempDir Path cache) throws IOException {
    server = new FakeHub().small("config.json", "{}").large("model.safetensors", WEIGHTS);
    settings = Checkouts.settings(server.endpoint(), cache);
    folder = cache.resolve("models--org--model");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path fetch() {
    return new Hub(settings).snapshot(REPO, listener);
  }

  @Test
  void downloadsTheWantedFilesIntoPythonsLayout() throws IOException {
    server.small("README.md", "read").small("tokenizer.json", "{ }").large("model.onnx", WEIGHTS);

    Path snapshot = fetch();

    assertThat(snapshot).isEqualTo(folder.resolve("snapshots").resolve(server.commit()));
    assertThat(names(snapshot))
        .containsExactlyInAnyOrder("config.json", "tokenizer.json", "model.safetensors");
    Path weights = snapshot.resolve("model.safetensors");
    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(Files.readSymbolicLink(weights))
        .isEqualTo(Path.of("../../blobs", server.etag("model.safetensors")));
    assertThat(folder.resolve("refs/main")).hasContent(server.commit());
    assertThat(names(folder.resolve("blobs")))
        .containsExactlyInAnyOrder(
            server.etag("config.json"),
            server.etag("tokenizer.json"),
            server.etag("model.safetensors"));
  }

  /** Servers that only resemble a Hub give tags that are no hashes. */
  @Test
  void filesWithTheSameTagKeepTheirContent() throws IOException {
    server.small("tokenizer.json", "{ }").small("config.json", "{\"a\": 1}");
    server.trouble(
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          if (!path.contains("/resolve/") || path.endsWith("model.safetensors")) {
            return false;
          }
          exchange.getResponseHeaders().add("X-Repo-Commit", server.commit());
          exchange.getResponseHeaders().add("ETag", "\"v1\"");
          byte[] text = (path.endsWith("config.json") ? "{\"a\": 1}" : "{ }").getBytes(UTF_8);
          FakeHub.serve(exchange, text);
          return true;
        });

    Path snapshot = fetch();

    assertThat(snapshot.resolve("config.json")).hasContent("{\"a\": 1}");
    assertThat(snapshot.resolve("tokenizer.json")).hasContent("{ }");
    assertThat(names(folder.resolve("blobs")))
        .hasSize(3)
        .filteredOn(name -> name.matches("lora4j-[0-9a-f]{64}"))
        .hasSize(2);
  }

  @Test
  void progressIsReported() {
    fetch();

    long total = WEIGHTS.length + 2L;
    assertThat(told).extracting(HubListener.Arrival::total).containsOnly(total);
    assertThat(told).extracting(HubListener.Arrival::done).isSorted().endsWith(total);
    assertThat(told.get(told.size() - 1).file()).isEqualTo("model.safetensors");
    assertThat(notices).isEmpty();
  }

  @Test
  void cachedFileIsNotDownloadedAgain() {
    Path first = fetch();
    server.requests().clear();

    assertThat(fetch()).isEqualTo(first);

    assertThat(server.requests()).hasSize(1);
    assertThat(server.requests().get(0).path()).startsWith("/api/");
  }

  @Test
  void newCommitReusesUnchangedBlobs() {
    fetch();
    server.requests().clear();
    server.moveTo("b".repeat(40));
    server.small("config.json", "{\"new\": 1}");

    Path snapshot = fetch();

    assertThat(snapshot.getFileName()).hasToString("b".repeat(40));
    assertThat(snapshot.resolve("config.json")).hasContent("{\"new\": 1}");
    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors")).isEmpty();
    assertThat(folder.resolve("refs/main")).hasContent("b".repeat(40));
  }

  @Test
  void shardsOfTheIndexAreWanted() throws IOException {
    try (FakeHub sharded = new FakeHub()) {
      sharded
          .small("config.json", "{}")
          .small(
              "model.safetensors.index.json",
              "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}")
          .large("model-1.safetensors", Checkouts.random(2, 1000))
          .large("model-2.safetensors", Checkouts.random(3, 1000))
          .large("consolidated.safetensors", Checkouts.random(4, 1000))
          .large("pytorch_model.bin", Checkouts.random(5, 1000));

      Path snapshot =
          new Hub(Checkouts.settings(sharded.endpoint(), settings.cache()))
              .snapshot(REPO, listener);

      assertThat(names(snapshot))
          .containsExactlyInAnyOrder(
              "config.json",
              "model.safetensors.index.json",
              "model-1.safetensors",
              "model-2.safetensors");
    }
  }

  @Test
  void downloadsAndLoadsPyTorchWeights() throws IOException {
    for (String family : List.of("gpt2", "llama3")) { // one file, and shards
      try (FakeHub pickled = new FakeHub()) {
        Path source = Fixture.path("pickled/" + family);
        for (String name : names(source)) {
          byte[] content = Files.readAllBytes(source.resolve(name));
          if (name.endsWith(".json")) {
            pickled.small(name, new String(content, StandardCharsets.UTF_8));
          } else {
            pickled.large(name, content);
          }
        }
        pickled.large("training_args.bin", WEIGHTS).large("optimizer.pt", WEIGHTS);

        Path snapshot =
            new Hub(Checkouts.settings(pickled.endpoint(), settings.cache().resolve(family)))
                .snapshot(REPO, listener);

        assertThat(names(snapshot)).containsExactlyInAnyOrderElementsOf(names(source));
        try (PointerScope scope = new PointerScope();
            Pretrained base = Pretrained.load(snapshot)) {
          Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
          SavedFamilies.expected(family).check("logits", base.model().forward(tokens), 1e-4);
        }
      }
    }
  }

  @Test
  void pickleIsNotWantedBesideSafetensors() throws IOException {
    server.large("pytorch_model.bin", Checkouts.random(6, 1000));

    assertThat(names(fetch())).containsExactlyInAnyOrder("config.json", "model.safetensors");
    assertThat(server.fetches("pytorch_model.bin")).isEmpty();
  }

  @Test
  void aRevisionMayBeABranchOfSeveralParts() {
    new Hub(settings).snapshot(RepoId.parse("org/model@refs/pr/1"), listener);

    assertThat(folder.resolve("refs/refs/pr/1")).hasContent(server.commit());
  }

  @Test
  void pinnedCommitNeedsNoRef() {
    new Hub(settings).snapshot(RepoId.parse("org/model@" + server.commit()), listener);

    assertThat(folder.resolve("refs")).doesNotExist();
  }

  // ---- token ----

  @Test
  void theTokenGoesToTheHubAndNowhereElse() {
    new Hub(Checkouts.withToken(settings)).snapshot(REPO, listener);

    assertThat(server.requests())
        .allSatisfy(
            r ->
                assertThat(r.token())
                    .isEqualTo(r.server().equals("hub") ? "Bearer hf_secret" : ""));
    assertThat(server.fetches("model.safetensors"))
        .extracting(FakeHub.Request::server)
        .contains("store");
    assertThat(Checkouts.withToken(settings).toString()).doesNotContain("hf_secret");
  }

  @Test
  void aModelThatMovedIsFollowed() {
    server.trouble(
        exchange -> {
          String path = exchange.getRequestURI().toString();
          if (!path.contains("org/old")) {
            return false;
          }
          exchange.getResponseHeaders().add("Location", path.replace("org/old", "org/model"));
          return status(exchange, 307);
        });

    Path snapshot =
        new Hub(Checkouts.withToken(settings)).snapshot(RepoId.parse("org/old"), listener);

    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(snapshot.toString()).contains("models--org--old");
  }

  @Test
  void circularRedirectsAreRefused() {
    server.trouble(
        exchange -> {
          exchange.getResponseHeaders().add("Location", exchange.getRequestURI().toString());
          return status(exchange, 302);
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("more than 6 redirects");
  }

  @Test
  void aRedirectToAFileOfThisMachineIsRefused() {
    server.trouble(
        exchange -> {
          exchange.getResponseHeaders().add("Location", "file:///etc/passwd");
          return status(exchange, 302);
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("refused a redirect of " + server.endpoint());
  }

  // ---- offline ----

  @Test
  void offlineUsesTheCacheOnly() {
    Path snapshot = fetch();
    server.requests().clear();

    assertThat(new Hub(Checkouts.offline(settings)).snapshot(REPO, listener)).isEqualTo(snapshot);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void offlineWithoutASnapshotNamesARemedy() {
    assertThatThrownBy(() -> new Hub(Checkouts.offline(settings)).snapshot(REPO, listener))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "org/model is not in the cache "
                + settings.cache()
                + ", and HF_HUB_OFFLINE is set; unset it to download");
  }

  @Test
  void damagedRefIsAnErrorOfflineAndRepairedOnline() throws IOException {
    Path snapshot = fetch();
    Files.writeString(folder.resolve("refs/main"), "../../evil");

    assertThatThrownBy(() -> new Hub(Checkouts.offline(settings)).snapshot(REPO, listener))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected a commit of 40 hexadecimal digits");
    assertThat(fetch()).isEqualTo(snapshot);
    assertThat(folder.resolve("refs/main")).hasContent(server.commit());
  }

  @Test
  void offlineWithAnIncompleteSnapshotNamesWhatIsMissing() throws IOException {
    Files.delete(fetch().resolve("model.safetensors"));

    assertThatThrownBy(() -> new Hub(Checkouts.offline(settings)).snapshot(REPO, listener))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("only partly in the cache: model.safetensors missing in");
  }

  @Test
  void unreachableHubIsReplacedByTheCacheWithANotice() {
    Path snapshot = fetch();
    server.trouble(exchange -> status(exchange, 503));

    assertThat(fetch()).isEqualTo(snapshot);

    assertThat(notices)
        .containsExactly(
            server.endpoint()
                + " cannot be reached (HTTP 503, 2 times); using what was downloaded before");
  }

  @Test
  void unreachableHubAndEmptyCacheIsAnError() {
    URI closed = server.endpoint();
    server.close();

    assertThatThrownBy(
            () -> new Hub(Checkouts.settings(closed, settings.cache())).snapshot(REPO, listener))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("org/model is not in the cache")
        .hasMessageContaining("cannot be reached (no connection, 3 times)");
  }

  // ---- concurrency, and no links ----

  @Test
  void concurrentThreadsDownloadOnce() throws Exception {
    server.trouble(
        exchange -> {
          FakeHub.sleep(50);
          return false;
        });
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Callable<Path>> jobs =
        Stream.generate(
                () -> (Callable<Path>) () -> new Hub(settings).snapshot(REPO, HubListener.SILENT))
            .limit(4)
            .toList();

    List<Path> results = new ArrayList<>();
    for (Future<Path> result : threads.invokeAll(jobs)) {
      results.add(result.get());
    }
    threads.shutdown();

    assertThat(results).hasSize(4).containsOnly(results.get(0));
    assertThat(results.get(0).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.requests().stream().filter(r -> r.server().equals("store"))).hasSize(1);
  }

  @Test
  void withoutLinksTheSnapshotHoldsPlainFiles() throws IOException {
    Path snapshot = new Hub(Checkouts.withoutLinks(settings)).snapshot(REPO, listener);

    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
    assertThat(names(folder.resolve("blobs"))).isEmpty();
    assertThat(new Hub(Checkouts.offline(settings)).cached(REPO)).contains(snapshot);
  }

  private static boolean status(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    return true;
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void configAloneIsDownloadedForAPlan() throws IOException {
    Path found = new Hub(settings).config(REPO, listener);

    assertThat(Files.readString(found.resolve("config.json"))).isEqualTo("{}");
    assertThat(found.resolve("model.safetensors")).doesNotExist();
    assertThat(new Hub(settings).cached(REPO)).isEmpty();
    assertThat(fetch().resolve("model.safetensors")).exists();
  }

  @Test
  void repositoryWithoutAConfigIsRefusedForAPlan() throws IOException {
    try (FakeHub other = new FakeHub().large("model.gguf", WEIGHTS)) {
      Hub hub = new Hub(Checkouts.settings(other.endpoint(), folder.resolve("other")));

      assertThatThrownBy(() -> hub.config(REPO, listener))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("it has no config.json")
          .hasMessageContaining("download the .gguf file that you want and give its path");
    }
  }
}
