package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.TestClient.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose directory of jobs is a disk of one megabyte. */
class FullDiskTest {
  private static final String MOUNT = "mount -t tmpfs -o size=1m tmpfs \"$0\"";

  @TempDir Path directory;

  @Test
  void anUploadThatFillsTheDiskIsRefusedAndLeavesNothing() throws Exception {
    Path jobs = Files.createDirectory(directory.resolve("jobs"));
    assumeTrue(canMount(jobs), "needs unshare and mount, to make a small disk");
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path port = directory.resolve("port");
    Process server =
        TuningServerMain.start(
            model, jobs, port, "unshare", "-rm", "sh", "-c", MOUNT + " && exec \"$@\"", "" + jobs);
    try {
      TuningClient client = new TuningClient(TuningServerMain.port(server, port));

      Reply full = client.upload("big.jsonl", "fine-tune", "x".repeat(2 << 20));
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
