package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.NotFinite;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class FailuresTest {

  @Test
  void missingNativeLibraryIsReportedInASentence() {
    assertThat(report(new UnsatisfiedLinkError("no jnitorch")))
        .contains("native libraries can't be loaded", "no jnitorch")
        .doesNotContain("bug");
  }

  @Test
  void nativeLibraryMissedOnAnotherThreadIsReportedInASentence() {
    LinkageError later = new NoClassDefFoundError("Could not initialize class Engine");
    later.initCause(
        new ExceptionInInitializerError(
            "Exception java.lang.UnsatisfiedLinkError: no jnitorch [in thread \"engine-start\"]"));

    assertThat(report(later)).contains("native libraries can't be loaded", "no jnitorch");
  }

  @Test
  void otherLinkageErrorIsReportedAsABug() {
    assertThat(report(new NoSuchMethodError("Ops.gone()")))
        .contains("this is a bug", "Ops.gone()", "\tat ")
        .doesNotContain("native");
  }

  @Test
  void exhaustedMemoryIsReportedInASentence() {
    assertThat(report(new OutOfMemoryError("Java heap space")))
        .contains("out of memory", "LORA_JAVA_OPTIONS=-Xmx")
        .hasLineCount(1);
    assertThat(report(new IllegalStateException(new RuntimeException("can't allocate memory"))))
        .contains("out of memory")
        .hasLineCount(1);
  }

  @Test
  void exhaustedStackIsReportedInASentence() {
    assertThat(report(new StackOverflowError())).contains("nested too deeply").hasLineCount(1);
  }

  @Test
  void valueThatIsNotFiniteIsReportedInASentence() {
    assertThat(report(new NotFinite("the logits")))
        .isEqualToIgnoringNewLines("lora: the logits are not finite");
  }

  private static String report(Throwable e) {
    StringWriter err = new StringWriter();
    assertThat(Failures.report(e, new PrintWriter(err, true))).isEqualTo(1);
    return err.toString();
  }
}
