package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.spark.exchange.Transport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RosterTest {
  private static final String DRIVER = "0.1.0";

  private static ExecutorFacts executor(int rank, Map<String, String> other, boolean gloo) {
    Map<String, String> versions =
        new LinkedHashMap<>(Map.of("lora4j", DRIVER, "libtorch", "2.10", "BLAS", "MKL"));
    versions.putAll(other);
    return new ExecutorFacts(
        "executor %d on node%d".formatted(rank, rank),
        versions,
        rank == 2 ? "AVX512" : "AVX2",
        gloo);
  }

  private static Roster roster(ExecutorFacts... executors) {
    return new Roster(DRIVER, List.of(executors));
  }

  @Test
  void equalExecutorsAreAccepted() {
    assertThatCode(() -> roster(executor(0, Map.of(), true), executor(1, Map.of(), true)).check())
        .doesNotThrowAnyException();
  }

  @Test
  void everyDifferenceOfTheNativesIsNamed() {
    ExecutorFacts other = executor(1, Map.of("libtorch", "2.9", "BLAS", "OpenBLAS"), true);

    assertThatThrownBy(() -> roster(executor(0, Map.of(), true), other).check())
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(
            "libtorch: executor 1 on node1 has 2.9, executor 0 on node0 has 2.10",
            "BLAS: executor 1 on node1 has OpenBLAS, executor 0 on node0 has MKL",
            "the same jars");
  }

  @Test
  void anotherVersionThanTheDriversIsNamed() {
    assertThatThrownBy(() -> roster(executor(0, Map.of("lora4j", "0.0.9"), true)).check())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("lora4j: executor 0 on node0 has 0.0.9, the driver 0.1.0");
  }

  @Test
  void differentVectorInstructionsAreNoted() {
    assertThat(roster(executor(0, Map.of(), true), executor(1, Map.of(), true)).notes()).isEmpty();
    assertThat(roster(executor(0, Map.of(), true), executor(2, Map.of(), true)).notes())
        .singleElement()
        .asString()
        .contains("AVX2 and AVX512");
  }

  @Test
  void glooIsUsedWhereAllHaveIt() {
    Roster all = roster(executor(0, Map.of(), true), executor(1, Map.of(), true));
    Roster some = roster(executor(0, Map.of(), true), executor(1, Map.of(), false));

    assertThat(all.usesGloo(Transport.AUTO)).isTrue();
    assertThat(all.usesGloo(Transport.SPARK)).isFalse();
    assertThat(some.usesGloo(Transport.AUTO)).isFalse();
    assertThatThrownBy(() -> some.usesGloo(Transport.GLOO))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no native library of Gloo on executor 1 on node1");
  }

  @Test
  void factsSurviveTheirText() {
    ExecutorFacts facts = executor(1, Map.of(), false);

    assertThat(ExecutorFacts.of(facts.json())).isEqualTo(facts);
  }
}
