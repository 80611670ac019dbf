package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine's settings apply, whichever call of the library is the first to need libtorch. */
class FirstCallTest {
  private static final boolean MKL_IS_PRESENT =
      FirstCallTest.class.getResource("/org/bytedeco/mkl/global/mkl_rt.class") != null;

  @ParameterizedTest
  @MethodSource("calls")
  void theFirstCallChoosesTheBlasLibraryAndOneThread(String call) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java, "-cp", System.getProperty("java.class.path"), FirstCall.class.getName(), call)
            .redirectErrorStream(true)
            .start();

    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(output).contains("MKL " + MKL_IS_PRESENT + ", threads 1");
  }

  static Stream<String> calls() {
    return FirstCall.CALLS.keySet().stream().sorted();
  }
}
