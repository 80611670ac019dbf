package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.TestClient.Reply;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose directory of jobs is a disk of two megabytes. */
class FullDiskTest {
  private static final String MOUNT = "mount -t tmpfs -o size=2m tmpfs \"$0\"";

  @TempDir Path directory;

  @Test
  void aJobThatFillsTheDiskFailsAndItsModelIsNotServed() throws Exception {
    Path jobs = Files.createDirectory(directory.resolve("jobs"));
    assumeTrue(canMount(jobs), "needs unshare and mount, to make a small disk");
    Process server = start(jobs);
    try {
      TuningClient client = new TuningClient(TuningServerMain.port(server, port()));
      String id =
          client.create(
              TuningClient.job(
                  client.upload(TuningClient.chats(40)),
                  "\"learning_rate_multiplier\": 50, \"n_epochs\": 50, \"batch_size\": 1",
                  ""));
      client.awaitStep(id, 3);
      fill(Path.of("/proc/" + server.pid() + "/root" + jobs));

      JsonNode job = client.await(id, "failed");

      assertThat(job.at("/error/code").asText()).isEqualTo("training_failed");
      assertThat(job.at("/error/message").asText()).contains("space");
      assertThat(client.get("/v1/models").json().toString()).doesNotContain("ft:base");
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  private static void fill(Path disk) {
    try (OutputStream filler = Files.newOutputStream(disk.resolve("filler"))) {
      while (true) {
        filler.write(new byte[1 << 10]);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("space");
    }
  }

  private Path port() {
    return directory.resolve("port");
  }

  private Process start(Path jobs) throws IOException {
    return TuningServerMain.start(
        SavedTextModel.chatty(directory.resolve("model")),
        jobs,
        port(),
        "unshare",
        "-rm",
        "sh",
        "-c",
        MOUNT + " && exec \"$@\"",
        "" + jobs);
  }

  @Test
  void anUploadThatFillsTheDiskIsRefusedAndLeavesNothing() throws Exception {
    Path jobs = Files.createDirectory(directory.resolve("jobs"));
    assumeTrue(canMount(jobs), "needs unshare and mount, to make a small disk");
    Process server = start(jobs);
    try {
      TuningClient client = new TuningClient(TuningServerMain.port(server, port()));

      Reply full = client.upload("big.jsonl", "fine-tune", "x".repeat(3 << 20));
      Reply small = client.upload("small.jsonl", "fine-tune", TuningClient.chats(10));

      assertThat(full.status()).isEqualTo(507);
      assertThat(full.text("/error/code")).isEqualTo("insufficient_storage");
      assertThat(small.status()).isEqualTo(200);
      Path seen = Path.of("/proc/" + server.pid() + "/root" + jobs);
      assertThat(entries(seen.resolve("files"))).containsExactly(small.text("/id"));
      assertThat(entries(seen.resolve("incoming"))).isEmpty();
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  private static boolean canMount(Path mountPoint) throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "-rm", "sh", "-c", MOUNT, mountPoint.toString())
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) { // no such command
      return false;
    }
  }

  private static Stream<String> entries(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> entry.getFileName().toString()).toList().stream();
    }
  }
}
