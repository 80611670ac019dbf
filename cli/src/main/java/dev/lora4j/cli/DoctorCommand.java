package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.llm.merge.Diagnosis;
import dev.lora4j.llm.merge.Doctor;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Checks whether an adapter fits a base model. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    header = {"Check whether an adapter fits a base model.", ""},
    description = {
      "",
      "Compares names, shapes, values and configuration, and suggests a fix for each problem.",
      ""
    },
    footer = {
      "",
      "Exit status: 0 the adapter fits, 1 it does not fit, 2 bad usage.",
      "",
      "Example:",
      "  lora doctor SmolLM2-135M my-adapter"
    })
final class DoctorCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "BASE", description = "Base model, a file or a directory.")
  private Path base = Path.of("");

  @Parameters(index = "1", paramLabel = "ADAPTER", description = "Adapter directory.")
  private Path adapter = Path.of("");

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    Diagnosis diagnosis = Doctor.examine(base, adapter);
    output.show(root -> fill(root, diagnosis), out -> print(out, diagnosis));
    return diagnosis.fits() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static void print(PrintStream out, Diagnosis diagnosis) {
    for (Diagnosis.Finding finding : diagnosis.findings()) {
      out.println(word(finding) + ": " + finding.what());
      if (!finding.remedy().isEmpty()) {
        out.println("  → " + finding.remedy());
      }
    }
    out.println(diagnosis.fits() ? "The adapter fits." : "The adapter does not fit.");
  }

  private static void fill(ObjectNode root, Diagnosis diagnosis) {
    root.put("fits", diagnosis.fits());
    root.putArray("findings");
    for (Diagnosis.Finding finding : diagnosis.findings()) {
      ObjectNode node = root.withArray("findings").addObject();
      node.put("severity", word(finding));
      node.put("what", finding.what());
      node.put("remedy", finding.remedy());
    }
  }

  private static String word(Diagnosis.Finding finding) {
    return finding.severity().name().toLowerCase(Locale.ROOT);
  }
}
