package dev.lora4j.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The dependencies of this module's packages; those of the others are in the command line's. */
@AnalyzeClasses(packages = "dev.lora4j.spark", importOptions = ImportOption.DoNotIncludeTests.class)
class SparkArchitectureTest {
  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("dev.lora4j.(**)").should().beFreeOfCycles();

  /** Users of the library need not have the command line. */
  @ArchTest
  static final ArchRule ONLY_THE_PROGRAM_USES_THE_COMMAND_LINE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lora4j.spark.submit")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lora4j.cli..", "picocli..");

  @ArchTest
  static final ArchRule INFERENCE_KNOWS_NO_TRAINING =
      noClasses()
          .that()
          .resideInAPackage("dev.lora4j.spark.inference")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lora4j.spark", "dev.lora4j.spark.exchange");
}
