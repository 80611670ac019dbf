package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.train.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterLeaseTest {
  private final Path directory;
  private final RunDirectory run;

  ClusterLeaseTest(@TempDir Path directory) {
    this.directory = directory;
    run = new RunDirectory(directory);
  }

  private void lease(Duration age) throws IOException {
    Files.writeString(directory.resolve(".attempt"), "app-7 0");
    Path running = Files.writeString(directory.resolve(".running"), "app-7");
    Files.setLastModifiedTime(running, FileTime.from(Instant.now().minus(age)));
  }

  private void assertInUse(ThrowingCallable start) {
    assertThatThrownBy(start)
        .isInstanceOf(UserError.class)
        .hasMessage(
            "%s is in use: the run app-7 is writing there; wait for its end, or choose another"
                + " directory (a run that was killed leaves it after a minute)",
            directory);
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder(".attempt", ".running");
  }

  @Test
  void directoryOfARunningClusterIsRefused() throws IOException {
    lease(Duration.ofSeconds(50));
    assertInUse(run::requireUnused);
    assertInUse(run::lock);
  }

  @Test
  void expiredLeaseIsTakenOverWithItsAttempt() throws IOException {
    lease(Duration.ofSeconds(61));
    run.requireUnused();
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder(".attempt", ".running");
    try (ProcessLock lock = run.lock()) {
      assertThat(directory.toFile().list()).containsExactly(".lock");
    }
  }

  @Test
  void attemptWithoutLeaseRemains() throws IOException {
    Files.writeString(directory.resolve(".attempt"), "app-7 0");
    run.lock().close();
    assertThat(directory.toFile().list()).containsExactly(".attempt");
  }
}
