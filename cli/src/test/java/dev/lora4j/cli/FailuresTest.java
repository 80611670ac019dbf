package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

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

  private static String report(LinkageError e) {
    StringWriter err = new StringWriter();
    assertThat(Failures.report(e, new PrintWriter(err, true))).isEqualTo(1);
    return err.toString();
  }
}
