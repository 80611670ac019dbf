package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

/** The settings of a program that uses JavaCPP before or after the engine, in its own process. */
class EngineSettingsTest {
  /** Starts the engine twice, after JavaCPP if there is an argument. */
  static final class Program {
    private Program() {}

    public static void main(String... arguments) throws IOException {
      if (arguments.length > 0) {
        Loader.load(Pointer.class);
        Loader.getCacheDir();
      }
      Engine.start();
      Engine.start();
      System.out.println("physical " + Pointer.maxPhysicalBytes());
    }
  }

  private static String output(List<String> options, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            Program.class.getName()));
    command.addAll(List.of(arguments));
    Process program = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(program.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void engineStartsSilentlyBeforeJavaCpp() throws IOException, InterruptedException {
    assertThat(output(List.of())).contains("physical 0").doesNotContain("JavaCPP was used");
  }

  @Test
  void earlierUseOfJavaCppIsReportedOnceWithWhatToDo() throws IOException, InterruptedException {
    String output = output(List.of(), "before");
    assertThat(output)
        .containsOnlyOnce("JavaCPP was used before lora4j, whose settings it now ignores: ")
        .contains("memory is limited to ", "native libraries are extracted to ")
        .contains("Call Engine.start() before anything else uses JavaCPP, or start Java with")
        .contains("-Dorg.bytedeco.javacpp.maxphysicalbytes=0");
  }

  @Test
  void limitsOfTheProgramAreNotReported() throws IOException, InterruptedException {
    List<String> options = List.of("-Dorg.bytedeco.javacpp.maxphysicalbytes=8g");
    assertThat(output(options)).doesNotContain("JavaCPP was used").contains("physical 8589934592");
  }
}
