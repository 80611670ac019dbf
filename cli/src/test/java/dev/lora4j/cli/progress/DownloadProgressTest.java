package dev.lora4j.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.cli.show.FakeScreen;
import dev.lora4j.llm.hub.HubListener.Arrival;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DownloadProgressTest {

  @Test
  void oneBarForAllFilesNamesTheCurrentFile() {
    FakeScreen screen = new FakeScreen(true, StandardCharsets.UTF_8, 120);
    try (DownloadProgress bar = new DownloadProgress(screen.screen())) {
      screen.pass(Duration.ofSeconds(2));
      bar.onArrival(new Arrival("config.json", 600, 0, 4_000_000));
      screen.pass(Duration.ofSeconds(2));
      bar.onArrival(new Arrival("model.safetensors", 2_000_000, 0, 4_000_000));
    }

    assertThat(screen.states().get(0)).contains("download").contains("config.json");
    assertThat(screen.text()).contains("model.safetensors").contains(" 50 %");
  }

  @Test
  void keptBytesDoNotCountForTheSpeed() {
    FakeScreen screen = new FakeScreen(false, StandardCharsets.UTF_8, 80);
    try (DownloadProgress bar = new DownloadProgress(screen.screen())) {
      bar.onArrival(new Arrival("model.safetensors", 3_000_000, 3_000_000, 4_000_000));
      screen.pass(Duration.ofSeconds(2));
      bar.onArrival(new Arrival("model.safetensors", 4_000_000, 3_000_000, 4_000_000));
    }

    assertThat(screen.text()).contains("4.0 MB in 2 s, 500.0 kB/s");
  }

  @Test
  void noticeHasALineOfItsOwn() {
    FakeScreen screen = new FakeScreen(false, StandardCharsets.UTF_8, 80);
    try (DownloadProgress bar = new DownloadProgress(screen.screen())) {
      bar.onNotice("the Hub is unreachable");
    }

    assertThat(screen.lines()).containsExactly("lora: the Hub is unreachable");
  }

  @Test
  void completeModelShowsNothing() {
    FakeScreen screen = new FakeScreen(true, StandardCharsets.UTF_8, 80);
    new DownloadProgress(screen.screen()).close();

    assertThat(screen.text()).isEmpty();
  }
}
