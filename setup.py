"""The distribution `polyrank`; Beam workers get the same through --setup_file."""

import setuptools

PACKAGES = (
    "common",
    "schemas",
    "data",
    "serving",
    "models",
    "components",
    "pipeline",
    "cli",
    "polyrank",
)

setuptools.setup(
    name="polyrank",
    version="0.1.0",
    description="A training pipeline for ranking models of many scenarios and many tasks",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=setuptools.find_packages(
        include=[*PACKAGES, *(f"{package}.*" for package in PACKAGES)]
    ),
    package_data={"schemas": ["*/schema.pbtxt"], "pipeline": ["presets/*.yaml"]},
    # The environment comes from a complete lock (requirements/), never from pip's resolver.
    install_requires=[],
    entry_points={"console_scripts": ["polyrank=polyrank.__main__:main"]},
)
