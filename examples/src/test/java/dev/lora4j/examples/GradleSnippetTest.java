package dev.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import groovy.lang.GroovyShell;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Gradle's block in {@code docs/library.md} is valid Groovy, and names artifacts of this build,
 * whose versions the BOM has. Gradle itself is not run.
 */
class GradleSnippetTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern BLOCK = Pattern.compile("```groovy\\n(.*?)```", Pattern.DOTALL);

  @Test
  void blockNamesExistingArtifacts(@TempDir Path directory) throws Exception {
    String version = System.getProperty("lora4j.version");
    StagedRepository staged =
        StagedRepository.in(directory, ROOT, version, System.getProperty("lora4j.natives"));
    GradleDependencies script = evaluated();

    assertThat(script.platforms()).containsExactly("dev.lora4j:lora4j-bom:" + version);
    String bom = Files.readString(staged.file("lora4j-bom", ".pom"));
    assertThat(script.modules())
        .hasSize(2)
        .allSatisfy(
            module -> {
              assertThat(module).startsWith("dev.lora4j:");
              String artifact = module.substring("dev.lora4j:".length());
              assertThat(bom).contains("<artifactId>" + artifact + "</artifactId>");
            });
    assertThat(staged.file("lora4j-llm", ".jar")).exists();
  }

  private static GradleDependencies evaluated() throws Exception {
    Matcher block = BLOCK.matcher(Files.readString(ROOT.resolve("docs/library.md")));
    assertThat(block.find()).isTrue();
    CompilerConfiguration configuration = new CompilerConfiguration();
    configuration.setScriptBaseClass(GradleDependencies.class.getName());
    GroovyShell shell = new GroovyShell(GradleSnippetTest.class.getClassLoader(), configuration);
    GradleDependencies script = (GradleDependencies) shell.parse(block.group(1));
    script.run();
    return script;
  }
}
