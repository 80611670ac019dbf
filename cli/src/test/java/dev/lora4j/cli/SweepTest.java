package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lora train --sweep} and {@code lora runs}. */
class SweepTest {
  private final Path directory;
  private final SmallTraining training;

  SweepTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
  }

  private CommandLineRun train(Path out, String... more) {
    return training.train(training.chats(), out, more);
  }

  private static List<String> names(JsonNode result) {
    List<String> names = new ArrayList<>();
    result.path("runs").forEach(run -> names.add(run.path("run").asText()));
    return names;
  }

  @Test
  void everyCombinationIsTrainedAsARunOfItsOwn() throws IOException {
    Path out = directory.resolve("tries");
    String[] how = {"--steps", "6", "--eval-steps", "2", "--dropout", "0.1"};
    CommandLineRun sweep =
        train(out, append(how, "--sweep", "lr=1e-3,1e-2", "--sweep", "rank=2,4"));
    assertThat(sweep.status()).as(sweep.err()).isZero();
    assertThat(sweep.out())
        .contains("4 runs in " + out, "resume with: lora train --resume --out " + out)
        .containsPattern("run +alpha +learning-rate +rank +steps +first loss +best +last +tokens/s")
        .containsPattern("\\* .*lr-1e-2_rank-4 +8 +0.01 +4 +6 ")
        .contains("* lowest validation loss");

    Path alone = directory.resolve("alone");
    json(train(alone, append(how, "--lr", "1e-2", "--rank", "2", "--json")));
    assertThat(out.resolve("lr-1e-2_rank-2/adapter_model.safetensors"))
        .hasSameBinaryContentAs(alone.resolve("adapter_model.safetensors"));
    assertThat(out.resolve("lr-1e-2_rank-2/run.json"))
        .hasSameBinaryContentAs(alone.resolve("run.json"));

    JsonNode compared = json(CommandLineRun.of("runs", out.toString(), alone.toString(), "--json"));
    assertThat(names(compared))
        .containsExactly(
            out.resolve("lr-1e-2_rank-2").toString(),
            out.resolve("lr-1e-2_rank-4").toString(),
            out.resolve("lr-1e-3_rank-2").toString(),
            out.resolve("lr-1e-3_rank-4").toString(),
            alone.toString());
    JsonNode first = compared.at("/runs/0");
    assertThat(first.path("settings").properties().stream().map(e -> e.getKey()))
        .containsExactlyInAnyOrder("alpha", "learning-rate", "rank");
    assertThat(first.path("valid_loss_before").asDouble())
        .isGreaterThan(first.path("valid_loss_best").asDouble());
    assertThat(first.path("tokens_per_s").asDouble()).isPositive();
    assertThat(first.path("adapter_bytes").asLong()).isPositive();
    assertThat(
            Stream.of(0, 1, 2, 3, 4).filter(i -> compared.at("/runs/" + i + "/best").asBoolean()))
        .hasSize(1);
  }

  @Test
  void killedSweepGoesOn() throws IOException, InterruptedException {
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    String[] how = {
      "--steps", "60", "--save-steps", "5", "--eval-steps", "30", "--sweep", "rank=2,4,8"
    };
    json(train(whole, append(how, "--json")));
    List<String> arguments =
        new ArrayList<>(List.of("train", "--model", training.model().toString()));
    arguments.addAll(List.of("--data", training.chats().toString(), "--workers", "2"));
    arguments.addAll(List.of(how));
    arguments.addAll(List.of("--out", broken.toString()));
    Process process =
        MainProcess.of(arguments.toArray(new String[0]))
            .redirectOutput(directory.resolve("output.txt").toFile())
            .start();
    while (process.isAlive() && !Files.exists(broken.resolve("rank-4/checkpoint-10"))) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor();
    assertThat(broken.resolve("rank-8")).doesNotExist();
    JsonNode sofar = json(CommandLineRun.of("runs", broken.toString(), "--json"));
    assertThat(sofar.path("runs")).hasSize(2);
    assertThat(sofar.at("/runs/1/adapter_bytes").isNull()).isTrue();

    assertRefused(train(broken, how), "already holds a run; resume it with: lora train --resume");
    CommandLineRun resumed = CommandLineRun.of("train", "--resume", "--out", broken.toString());
    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(resumed.out()).contains("finished before", "lowest validation loss");
    for (String name : List.of("rank-2", "rank-4", "rank-8")) {
      assertThat(broken.resolve(name).resolve("adapter_model.safetensors"))
          .hasSameBinaryContentAs(whole.resolve(name).resolve("adapter_model.safetensors"));
    }
  }

  @Test
  void failedRunDoesNotEndTheSweep() throws IOException {
    Path out = directory.resolve("tries");
    CommandLineRun sweep =
        train(out, "--steps", "5", "--validation-split", "0", "--sweep", "lr=1e30,1e-3");
    assertThat(sweep.status()).as(sweep.err()).isEqualTo(1);
    assertThat(sweep.out()).contains("Failed: " + out.resolve("lr-1e30"), "lowest training loss");
    assertThat(out.resolve("lr-1e-3/report.html")).exists();
  }

  @Test
  void badSweepIsRefusedBeforeTheFirstRun() {
    Path out = directory.resolve("tries");
    assertRefused(train(out, "--sweep", "lr=1e-4,1e-4"), "'lr' has a value twice");
    assertRefused(train(out, "--sweep", "1e-4"), "expected NAME=VALUE,VALUE…");
    assertRefused(train(out, "--sweep", "lr="), "'lr' has an empty value");
    assertRefused(train(out, "--sweep", "rnk=2"), "unknown option 'rnk'; did you mean rank?");
    assertRefused(
        train(out, "--sweep", "lr=1e-4", "--sweep", "learning-rate=2"),
        "'learning-rate' is repeated");
    assertRefused(train(out, "--sweep", "rank=4,0"), "--rank must be at least 1, found 0");
    assertRefused(train(out, "--sweep", "out=a,b"), "'out' can't be swept");
    assertThat(out).doesNotExist();
    assertRefused(train(out, "--sweep", "rank=4,2", "--target-modules", "nope"), "nope");
    assertThat(train(out, "--sweep", "rank=4,2", "--steps", "1").status()).isZero();
  }

  @Test
  void directoryWithoutRunsIsRefused() {
    assertRefused(CommandLineRun.of("runs", directory.toString()), "no run in " + directory);
    assertRefused(CommandLineRun.of("runs", directory.resolve("gone").toString()), "gone");
    assertRefused(CommandLineRun.of("runs"), "missing required parameter", "lora runs --help");
  }

  private static String[] append(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }
}
