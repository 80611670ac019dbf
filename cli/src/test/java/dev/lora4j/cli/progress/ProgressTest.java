package dev.lora4j.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.cli.show.FakeScreen;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
  private static final Duration TENTH = Duration.ofMillis(100);

  private static FakeScreen terminal(Charset charset, int columns) {
    return new FakeScreen(true, charset, columns);
  }

  private static FakeScreen file() {
    return new FakeScreen(false, StandardCharsets.UTF_8, 80);
  }

  // ---- on a terminal ----

  @Test
  void terminalLineIsOverwritten() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress =
        new Progress(screen.screen(), "images", Unit.IMAGES, 2_000, () -> "")) {
      screen.pass(Duration.ofSeconds(2));
      progress.at(500);
    }

    assertThat(screen.text()).startsWith("\r").endsWith(System.lineSeparator());
    assertThat(screen.states().get(0))
        .isEqualTo(
            "images  "
                + "━".repeat(6)
                + "╸"
                + "─".repeat(20)
                + "  25 %    500/2,000  250 images/s  6 s left");
  }

  @Test
  void firstSecondShowsNoTimeLeft() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 25_000, () -> "");
    screen.pass(TENTH);
    progress.at(1);

    assertThat(screen.states().get(0)).endsWith("0 %       1/25,000");
  }

  @Test
  void barIsDrawnAtMostTenTimesASecond() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 10_000, () -> "")) {
      for (int step = 1; step <= 10_000; step++) {
        screen.pass(Duration.ofMillis(1));
        progress.at(step);
      }
    }

    assertThat(screen.drawings()).isBetween(95, 103);
  }

  @Test
  void countThatIsNotShownFormatsNothing() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    List<String> asked = new ArrayList<>();
    Progress progress =
        new Progress(
            screen.screen(),
            "base",
            Unit.STEPS,
            10,
            () -> {
              asked.add("asked");
              return "";
            });
    progress.at(1);
    progress.at(2);
    progress.at(3);

    assertThat(asked).hasSize(1);
  }

  @Test
  void closingShowsTheLastState() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 4, () -> "")) {
      screen.pass(TENTH);
      progress.at(1);
      screen.pass(Duration.ofSeconds(65));
      progress.at(3);
      progress.at(4);
    }

    assertThat(last(screen.states()))
        .contains("100 %", "4/4", "in 1 m 05 s")
        .doesNotContain("left");
  }

  @Test
  void closingEarlyShowsTheCountAndEndsTheLine() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 4, () -> "");
    screen.pass(TENTH);
    progress.at(2);
    progress.close();
    progress.at(3);
    progress.close();

    assertThat(last(screen.states())).contains("50 %").doesNotContain("in ");
    assertThat(screen.states()).hasSize(2);
  }

  @Test
  void shorterLineErasesALongerOne() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 1_000, () -> "")) {
      screen.pass(Duration.ofSeconds(60));
      progress.at(10);
      screen.pass(Duration.ofSeconds(1));
      progress.at(999);
    }

    assertThat(screen.states().get(1).length())
        .isGreaterThanOrEqualTo(screen.states().get(0).length());
  }

  @Test
  void narrowScreenIsNeverWrapped() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 40);
    try (Progress progress =
        new Progress(screen.screen(), "fine-tuning", Unit.STEPS, 1_000_000, () -> "")) {
      screen.pass(TENTH);
      progress.at(123_456);
    }

    assertThat(screen.states()).allSatisfy(state -> assertThat(state).hasSizeLessThan(40));
  }

  @Test
  void charsetWithoutLinesGetsAscii() {
    FakeScreen screen = terminal(StandardCharsets.US_ASCII, 100);
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 4, () -> "")) {
      screen.pass(TENTH);
      progress.at(2);
    }

    assertThat(screen.states().get(0)).contains("=====").contains(".....").doesNotContain("?");
  }

  @ParameterizedTest
  @CsvSource({
    "0, ..........",
    "5, -.........",
    "10, =.........",
    "50, =====.....",
    "99, =========-",
    "100, ==========",
    "200, =========="
  })
  void barHasHalfColumns(long percent, String bar) {
    FakeScreen screen = terminal(StandardCharsets.US_ASCII, 40);
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 100, () -> "")) {
      progress.at(percent);
    }
    assertThat(screen.states().get(0)).startsWith("base  " + bar + " ");
  }

  @Test
  void unknownTotalHasNoBar() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress = new Progress(screen.screen(), "download", Unit.BYTES, 0, () -> "")) {
      screen.pass(Duration.ofSeconds(2));
      progress.at(5_000_000);
    }

    assertThat(screen.states().get(0)).isEqualTo("download  5.0 MB  2.5 MB/s");
  }

  @Test
  void keptBytesDoNotCountForTheSpeed() {
    FakeScreen screen = terminal(StandardCharsets.UTF_8, 100);
    try (Progress progress =
        new Progress(screen.screen(), "download", Unit.BYTES, 170_000_000, () -> "")) {
      progress.resumeFrom(100_000_000);
      screen.pass(Duration.ofSeconds(2));
      progress.at(110_000_000);
    }

    assertThat(screen.states().get(0))
        .contains("64 %", "110.0 MB/170.0 MB", "5.0 MB/s", "12 s left");
  }

  // ---- in a file ----

  @Test
  void fileGetsALineEveryTenthAndASummary() {
    FakeScreen screen = file();
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 25_000, () -> "")) {
      for (int step = 1; step <= 25_000; step++) {
        screen.pass(Duration.ofMillis(2));
        progress.at(step);
      }
    }

    assertThat(screen.lines()).hasSize(10);
    assertThat(screen.lines().get(0)).isEqualTo("base: 10 %, 2,500/25,000, 500 steps/s, 45 s left");
    assertThat(last(screen.lines())).isEqualTo("base: 25,000 steps in 50 s, 500 steps/s");
    assertThat(screen.text()).doesNotContain("\r\r").matches("\\p{ASCII}*");
  }

  @Test
  void fewStepsGetALineEach() {
    FakeScreen screen = file();
    try (Progress progress = new Progress(screen.screen(), "base", Unit.STEPS, 3, () -> "")) {
      for (int step = 1; step <= 3; step++) {
        screen.pass(Duration.ofSeconds(1));
        progress.at(step);
      }
    }

    assertThat(screen.lines())
        .containsExactly(
            "base: 33 %, 1/3, 1.0 steps/s, 2 s left",
            "base: 66 %, 2/3, 1.0 steps/s, 1 s left", "base: 3 steps in 3 s, 1.0 steps/s");
  }

  @Test
  void nothingCountedShowsNothing() {
    FakeScreen screen = file();
    new Progress(screen.screen(), "merge", Unit.BYTES, 100, () -> "").close();
    assertThat(screen.text()).isEmpty();
  }

  @Test
  void concurrentCountsAddUp() {
    FakeScreen screen = file();
    try (Progress progress =
        new Progress(screen.screen(), "images", Unit.IMAGES, 10_000, () -> "")) {
      IntStream.range(0, 10_000).parallel().forEach(i -> progress.add(1));
    }

    assertThat(last(screen.lines())).startsWith("images: 10,000 images in 0 s");
    assertThat(screen.lines()).hasSizeLessThanOrEqualTo(10);
  }

  private static String last(List<String> all) {
    return all.get(all.size() - 1);
  }
}
